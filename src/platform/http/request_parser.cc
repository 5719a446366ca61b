// The callbacks of Beast's parser. It is the only file that includes Beast, which is slow to compile.
#include "platform/http/request_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstring>
#include <optional>

#include "platform/http/text.h"

namespace ducat::http {
namespace beast = boost::beast::http;
using BeastText = boost::beast::string_view;
using BeastError = boost::beast::error_code;

namespace {

std::string_view view(BeastText text) {
  return {text.data(), text.size()};
}

std::string_view moved(std::string_view text, const char* from, const char* to) {
  return text.data() == nullptr ? text : std::string_view(to + (text.data() - from), text.size());
}

}  // namespace

void IncomingRequest::clear() {
  request = Request();
  headers.clear();
  accept_encoding = {};
  http11 = keep_alive = is_head = expects_continue = forwarded = false;
}

void IncomingRequest::rebase(const char* from, const char* to) {
  for (std::string_view* each :
       {&request.method, &request.target, &request.path, &request.query, &request.body, &accept_encoding}) {
    *each = moved(*each, from, to);
  }
  for (Header& each : headers) each = {moved(each.name, from, to), moved(each.value, from, to)};
}

class RequestParser::Impl {
 public:
  explicit Impl(const ParserLimits& limits) : limits_(limits) {}

  void start(IncomingRequest& into) {
    into.clear();
    incoming_ = &into;
    status_ = 0;
    hosts_ = 0;
    head_done_ = false;
    head_seen_ = false;
    start_ = head_end_ = body_ = nullptr;
    body_size_ = 0;
    parser_.emplace(*this);
  }

  Step feed(char* data, size_t size);
  void rebase(const char* from, char* to);

  void abandon() { incoming_ = nullptr; }
  bool started() const { return incoming_ != nullptr; }
  bool in_body() const { return started() && head_done_; }
  size_t body_bytes_missing() const {
    if (!in_body()) return 0;
    auto missing = parser_->content_length_remaining();
    return missing ? static_cast<size_t>(*missing) : 0;
  }
  char* in_use_end() const { return body_ != nullptr ? body_ + body_size_ : head_end_; }

 private:
  // Only passes Beast's callbacks on.
  class Parser final : public beast::basic_parser<true> {
   public:
    explicit Parser(Impl& owner) : owner_(owner) {
      eager(true);
      header_limit(static_cast<uint32_t>(owner.limits_.header_bytes));
      body_limit(owner.limits_.body_bytes);
    }

   private:
    void on_request_impl(beast::verb method, BeastText name, BeastText target, int version,
                         BeastError& error) override {
      owner_.on_request_line(method == beast::verb::head, view(name), view(target), version, error);
    }
    void on_field_impl(beast::field field, BeastText name, BeastText value, BeastError& error) override {
      owner_.on_header(field, view(name), view(value), error);
    }
    void on_header_impl(BeastError& error) override { owner_.on_head_end(error); }
    size_t on_body_impl(BeastText body, BeastError&) override { return owner_.on_body(body); }
    size_t on_chunk_body_impl(uint64_t, BeastText body, BeastError&) override { return owner_.on_body(body); }
    void on_response_impl(int, BeastText, int, BeastError&) override {}
    void on_body_init_impl(const boost::optional<uint64_t>&, BeastError&) override {}
    void on_chunk_header_impl(uint64_t, BeastText, BeastError&) override {}
    void on_finish_impl(BeastError&) override {}

    Impl& owner_;
  };

  void on_request_line(bool is_head, std::string_view method, std::string_view target, int version,
                       BeastError& error);
  void on_header(beast::field field, std::string_view name, std::string_view value, BeastError& error);
  void on_known_header(beast::field field, std::string_view value, BeastError& error);
  void on_head_end(BeastError& error);
  size_t on_body(BeastText piece);
  bool split_target(std::string_view target);
  Step refused(size_t used, const BeastError& error, const char* data, size_t size) const;

  void refuse(int status, BeastError& error) {
    status_ = status;
    error = beast::error::bad_value;
  }

  ParserLimits limits_;
  std::optional<Parser> parser_;
  IncomingRequest* incoming_ = nullptr;
  char* start_ = nullptr;     // first byte of the request
  char* head_end_ = nullptr;  // behind the last header understood
  char* body_ = nullptr;
  size_t body_size_ = 0;
  int status_ = 0;
  int hosts_ = 0;
  bool head_seen_ = false;  // the request line has been understood
  bool head_done_ = false;
};

RequestParser::Step RequestParser::Impl::feed(char* data, size_t size) {
  if (start_ == nullptr) start_ = head_end_ = data;
  BeastError error;
  size_t used = parser_->put(boost::asio::const_buffer(data, size), error);
  if (error == beast::error::need_more || (!error && !parser_->is_done())) {
    size_t pending = size - used;
    // An unfinished chunk header or trailer, and a head that Beast has taken in pieces, are bounded here.
    bool too_long = head_done_ ? pending > limits_.header_bytes
                               : static_cast<size_t>(data + size - start_) > limits_.header_bytes;
    if (!too_long) return {Outcome::kNeedMore, used, 0};
    error = beast::error::header_limit;
  }
  if (error) {
    incoming_ = nullptr;
    return refused(used, error, data, size);
  }
  incoming_->keep_alive = parser_->keep_alive();
  incoming_->request.headers = incoming_->headers;
  if (body_ != nullptr) incoming_->request.body = {body_, body_size_};
  incoming_ = nullptr;
  return {Outcome::kComplete, used, 0};
}

RequestParser::Step RequestParser::Impl::refused(size_t used, const BeastError& error, const char* data,
                                                 size_t size) const {
  int status = status_ != 0 ? status_ : 400;
  if (error == beast::error::body_limit) status = 413;
  if (error == beast::error::header_limit && !head_done_) {
    bool line_ended = head_seen_ || std::memchr(data, '\n', size) != nullptr;
    status = line_ended ? 431 : 414;
  }
  return {Outcome::kRefused, used, status};
}

void RequestParser::Impl::rebase(const char* from, char* to) {
  if (!started()) return;
  incoming_->rebase(from, to);
  for (char** each : {&start_, &head_end_, &body_}) {
    if (*each != nullptr) *each = to + (*each - from);
  }
}

void RequestParser::Impl::on_request_line(bool is_head, std::string_view method, std::string_view target,
                                          int version, BeastError& error) {
  head_seen_ = true;
  incoming_->is_head = is_head;
  incoming_->http11 = version == 11;
  incoming_->request.method = method;
  if (target.size() > limits_.target_bytes) return refuse(414, error);
  incoming_->request.target = target;
  head_end_ = const_cast<char*>(target.data() + target.size());
  if (!split_target(target)) refuse(400, error);
}

// origin-form, absolute-form (RFC 9112, section 3.2.2, wants servers to take it) or "*".
bool RequestParser::Impl::split_target(std::string_view target) {
  Request& request = incoming_->request;
  if (target.front() != '/' && target != "*") {
    size_t scheme = target.find("://");
    if (scheme == std::string_view::npos) return false;
    std::string_view protocol = target.substr(0, scheme);
    if (!equals_ignoring_case(protocol, "http") && !equals_ignoring_case(protocol, "https")) return false;
    size_t path = target.find_first_of("/?", scheme + 3);
    if (path == scheme + 3) return false;
    target = path == std::string_view::npos ? std::string_view("/") : target.substr(path);
    if (target.front() == '?') return false;
  }
  size_t question = target.find('?');
  request.path = target.substr(0, question);
  request.query = question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  return true;
}

void RequestParser::Impl::on_header(beast::field field, std::string_view name, std::string_view value,
                                    BeastError& error) {
  if (head_done_) return;  // a trailer: never merged into the headers
  if (incoming_->headers.size() == limits_.headers) return refuse(431, error);
  // A folded line (obs-fold) reaches us as a copy elsewhere, or with a line end between name and value.
  const char* name_end = name.data() + name.size();
  bool in_buffer = std::less_equal<>()(name_end, value.data()) &&
                   std::less<>()(value.data(), name_end + limits_.header_bytes);
  if (!in_buffer) return refuse(400, error);
  if (std::string_view(name_end, value.data()).find('\r') != std::string_view::npos)
    return refuse(400, error);
  head_end_ = const_cast<char*>(value.data() + value.size());
  incoming_->headers.push_back({name, value});
  on_known_header(field, value, error);
  if (field == beast::field::unknown && name.size() >= 15 && lower(name.front()) == 'x') {
    incoming_->forwarded |=
        equals_ignoring_case(name, "X-Forwarded-For") || equals_ignoring_case(name, "X-Forwarded-Proto");
  }
}

void RequestParser::Impl::on_known_header(beast::field field, std::string_view value, BeastError& error) {
  switch (field) {
    case beast::field::host:
      if (++hosts_ > 1) refuse(400, error);
      return;
    case beast::field::transfer_encoding:
      // Beast takes a coding it does not know for no body at all: the rest would become a second request.
      if (!equals_ignoring_case(value, "chunked") || !incoming_->http11) refuse(400, error);
      return;
    case beast::field::accept_encoding:
      incoming_->accept_encoding = value;
      return;
    case beast::field::expect:
      if (!equals_ignoring_case(value, "100-continue")) return refuse(417, error);
      incoming_->expects_continue = incoming_->http11;
      return;
    default:
      return;
  }
}

void RequestParser::Impl::on_head_end(BeastError& error) {
  head_done_ = true;
  if (static_cast<size_t>(head_end_ - start_) + 4 > limits_.header_bytes) return refuse(431, error);
  if (incoming_->http11 && hosts_ == 0) refuse(400, error);
}

// The first piece stays where it is; later chunks are moved up to it, over the chunk headers already read.
size_t RequestParser::Impl::on_body(BeastText piece) {
  if (body_ == nullptr) body_ = const_cast<char*>(piece.data());
  char* end = body_ + body_size_;
  if (end != piece.data()) std::memmove(end, piece.data(), piece.size());
  body_size_ += piece.size();
  return piece.size();
}

RequestParser::RequestParser(const ParserLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;
void RequestParser::start(IncomingRequest& into) {
  impl_->start(into);
}
RequestParser::Step RequestParser::feed(char* data, size_t size) {
  return impl_->feed(data, size);
}
void RequestParser::rebase(const char* from, char* to) {
  impl_->rebase(from, to);
}
void RequestParser::abandon() {
  impl_->abandon();
}
bool RequestParser::started() const {
  return impl_->started();
}
bool RequestParser::in_body() const {
  return impl_->in_body();
}
size_t RequestParser::body_bytes_missing() const {
  return impl_->body_bytes_missing();
}
char* RequestParser::in_use_end() const {
  return impl_->in_use_end();
}

}  // namespace ducat::http
