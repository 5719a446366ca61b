// See wire.h. Every member of Caller, CallContext::Out and ApiError is written and read here: the assertions
// on their sizes fail when one is added, so that it is not forgotten.
#include "platform/rpc/grpc/wire.h"

#include <set>

#include "ducat/rpc.pb.h"
#include "platform/http/text.h"

namespace ducat::rpc {
namespace {

constexpr size_t kMaxNames = 1024;
constexpr size_t kLongestText = 1024;  // of a message that was cut

using Text = std::string;
static_assert(sizeof(Caller) == 4 * sizeof(Text) + sizeof(std::vector<Text>) + 2 * sizeof(void*));
static_assert(sizeof(CallContext::Out) ==
              2 * sizeof(Text) + sizeof(std::string_view) + sizeof(std::vector<Text>) + 2 * sizeof(void*));
static_assert(sizeof(ApiError) == 5 * sizeof(Text) + 2 * sizeof(std::vector<Text>) + 3 * sizeof(void*));

// Names of headers and members are constants in their process; here they are kept for ever, so there is a
// limit. Empty: the limit is reached.
std::string_view constant(const std::string& name) {
  static std::mutex mutex;
  static std::set<std::string, std::less<>> names;
  std::lock_guard lock(mutex);
  if (auto found = names.find(name); found != names.end()) return *found;
  if (names.size() >= kMaxNames) return {};
  return *names.insert(name).first;
}

// Credentials have been checked and stay where they were; the rest is the connection's business or has a
// place of its own.
bool stays_behind(std::string_view name) {
  constexpr std::string_view kNames[] = {
      "authorization",    "x-api-key",  "cookie",         "proxy-authorization",
      "connection",       "keep-alive", "content-length", "transfer-encoding",
      "expect",           "te",         "upgrade",        "accept-encoding",
      "x-forwarded-for",  "host",       "traceparent",    "idempotency-key",
      "x-forwarded-proto"};
  for (std::string_view known : kNames) {
    if (http::equals_ignoring_case(name, known)) return true;
  }
  return false;
}

void add_header(wire::Header& into, std::string_view name, std::string_view value) {
  into.set_name(name.data(), name.size());
  into.set_value(value.data(), value.size());
}

void write_failure(const ApiError& error, wire::Failure& into) {
  into.set_status(error.status);
  into.set_type(error.type);
  into.set_code(error.code);
  into.set_message(error.message);
  into.set_detail(error.detail);
  into.set_located(error.located);
  into.set_retry_after(error.retry_after);
  into.set_cause(error.cause);
  for (const Violation& violation : error.violations) {
    wire::Violation& added = *into.add_violation();
    added.set_path(violation.path);
    added.set_message(violation.message);
    added.set_source(violation.source.data(), violation.source.size());
    added.set_type(violation.type.data(), violation.type.size());
  }
  for (const auto& [name, value] : error.members) add_header(*into.add_member(), name, value);
}

void cut(wire::Failure& failure) {
  failure.clear_violation();
  failure.clear_member();
  for (std::string* text : {failure.mutable_message(), failure.mutable_detail(), failure.mutable_cause()}) {
    if (text->size() > kLongestText) text->resize(kLongestText);
  }
}

Result<ApiError> read_failure(const wire::Failure& failure) {
  if (failure.status() < 400 || failure.status() > 599) return fail(Errc::kCorrupt, "a failure's status");
  ApiError error;
  error.status = failure.status();
  error.type = failure.type();
  error.code = failure.code();
  error.message = failure.message();
  error.detail = failure.detail();
  error.located = failure.located();
  error.retry_after = failure.retry_after();
  error.cause = failure.cause();
  for (const wire::Violation& violation : failure.violation()) {
    error.violations.push_back(
        {violation.path(), violation.message(), constant(violation.source()), constant(violation.type())});
  }
  for (const wire::Header& member : failure.member()) {
    std::string_view name = constant(member.name());
    if (name.empty()) return fail(Errc::kCorrupt, "too many names of members");
    error.members.emplace_back(name, member.value());
  }
  return error;
}

}  // namespace

std::string encode_call(const CallContext& context, Timestamp sent_at) {
  wire::CallHead head;
  head.set_caller_id(context.caller.id);
  head.set_anonymous(context.caller.anonymous);
  head.set_username(context.caller.username);
  head.set_email(context.caller.email);
  for (const std::string& role : context.caller.roles) head.add_role(role);
  head.set_session(context.caller.session);
  head.set_by_api_key(context.caller.by_api_key);
  head.set_request_id(context.request_id);
  head.set_idempotency_key(context.idempotency_key);
  head.set_sent_at(sent_at.micros);
  if (context.request) {
    const http::Request& request = *context.request;
    head.set_verb(request.method.data(), request.method.size());
    head.set_target(request.target.data(), request.target.size());
    head.set_client(request.client.data(), request.client.size());
    head.set_secure(request.secure);
    for (const http::Header& header : request.headers) {
      if (!stays_behind(header.name)) add_header(*head.add_header(), header.name, header.value);
    }
  }
  return head.SerializeAsString();
}

struct ReceivedCall::Content {
  wire::CallHead head;
  http::Request request;
  std::vector<http::Header> headers;
};

ReceivedCall::ReceivedCall() : content_(std::make_unique<Content>()) {}
ReceivedCall::~ReceivedCall() = default;

Status ReceivedCall::read(std::string_view bytes) {
  wire::CallHead& head = content_->head;
  if (!head.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || head.caller_id().empty()) {
    return fail(Errc::kCorrupt, "the head of a call cannot be read");
  }
  for (const wire::Header& header : head.header())
    content_->headers.push_back({header.name(), header.value()});
  http::Request& request = content_->request;
  request.method = head.verb();
  request.target = head.target();
  size_t question = request.target.find('?');
  request.path = request.target.substr(0, question);
  if (question != std::string_view::npos) request.query = request.target.substr(question + 1);
  request.headers = content_->headers;
  request.client = head.client();
  request.secure = head.secure();
  return {};
}

void ReceivedCall::fill(CallContext& context) const {
  const wire::CallHead& head = content_->head;
  context.request = &content_->request;
  context.caller.id = head.caller_id();
  context.caller.anonymous = head.anonymous();
  context.caller.username = head.username();
  context.caller.email = head.email();
  context.caller.roles.assign(head.role().begin(), head.role().end());
  context.caller.session = head.session();
  context.caller.by_api_key = head.by_api_key();
  context.request_id = head.request_id();
  context.idempotency_key = head.idempotency_key();
}

Timestamp ReceivedCall::sent_at() const {
  return {content_->head.sent_at()};
}

std::string encode_answer(const CallContext::Out& out, const ApiError* error) {
  wire::AnswerTail tail;
  tail.set_replayed(out.replayed);
  tail.set_status(out.status);
  tail.set_stored_body(out.has_stored_body && !error);
  tail.set_text_type(out.text_type.data(), out.text_type.size());
  tail.set_text(out.text);
  for (const auto& [name, value] : out.headers) add_header(*tail.add_header(), name, value);
  if (error) write_failure(*error, *tail.mutable_failure());
  std::string bytes = tail.SerializeAsString();
  if (bytes.size() <= kLargestTail || !error) return bytes;
  cut(*tail.mutable_failure());
  return tail.SerializeAsString();
}

Result<std::expected<void, ApiError>> decode_answer(std::string_view bytes, CallContext::Out& out) {
  wire::AnswerTail tail;
  if (!tail.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::kCorrupt, "the tail of an answer cannot be read");
  }
  out.replayed = tail.replayed();
  out.status = tail.status();
  out.has_stored_body = tail.stored_body();
  if (!tail.text_type().empty()) out.text_type = constant(tail.text_type());
  out.text = tail.text();
  for (const wire::Header& header : tail.header()) {
    std::string_view name = constant(header.name());
    if (name.empty()) return fail(Errc::kCorrupt, "too many names of headers");
    out.headers.emplace_back(name, header.value());
  }
  if (!tail.has_failure()) return std::expected<void, ApiError>();
  DUCAT_ASSIGN(ApiError error, read_failure(tail.failure()));
  return std::expected<void, ApiError>(std::unexpected(std::move(error)));
}

}  // namespace ducat::rpc
