// See remote_channel.h. An exchange is one call on the wire; gRPC's thread that ends it only hands it to the
// call's executor, where its answer is read.
#include "platform/rpc/grpc/remote_channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "platform/rpc/grpc/grpc_server.h"
#include "platform/rpc/grpc/grpc_text.h"
#include "platform/rpc/grpc/signature.h"
#include "platform/rpc/grpc/wire.h"

namespace ducat::rpc {
namespace {

using ::grpc::StatusCode;

constexpr int kFirstReconnectMillis = 100;
constexpr int kLongestReconnectMillis = 1000;
// A machine that vanished says nothing, and TCP would wait for it a quarter of an hour.
constexpr int kKeepaliveMillis = 10'000;
constexpr int kKeepaliveTimeoutMillis = 5'000;

std::string describe(const ::grpc::Status& status) {
  return "gRPC status " + std::to_string(status.error_code()) + ": " + status.error_message();
}

std::shared_ptr<::grpc::Channel> connect(const std::string& address) {
  use_our_log();
  ::grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(static_cast<int>(kMaxMessageBytes));
  arguments.SetMaxSendMessageSize(static_cast<int>(kMaxMessageBytes));
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnectMillis);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kLongestReconnectMillis);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kLongestReconnectMillis);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMillis);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMillis);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return ::grpc::CreateCustomChannel(address, ::grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

struct RemoteService::Exchange {
  Exchange(Channel& to, google::protobuf::Message& into, CallContext& of, Channel::Done then)
      : channel(to), response(into), call(of), done(std::move(then)) {}

  void begin(const google::protobuf::MethodDescriptor& method, const google::protobuf::Message& message,
             Duration timeout) {
    std::string path = path_of(method);
    std::string head = encode_call(call, channel.clock.now());
    ::grpc::Slice body = to_slice(message);
    context.set_deadline(deadline_in(timeout));
    context.AddMetadata(kSignatureKey, sign_call(channel.options.secret, path, head, view_of(body)));
    context.AddMetadata(kCallKey, head);
    if (!call.traceparent.empty()) context.AddMetadata(kTraceKey, call.traceparent);
    request = ::grpc::ByteBuffer(&body, 1);
    channel.stub_->UnaryCall(&context, path, {}, &request, &reply, [this](::grpc::Status ended) {
      status = std::move(ended);
      call.executor->post([this] { finish(); });
    });
  }

  void finish() {
    std::unique_ptr<Exchange> self(this);
    RemoteOutcome outcome = read();
    Channel::Done then = std::move(done);
    Channel& on = channel;
    then(std::move(outcome));
    on.ended(*this);
  }

  RemoteOutcome read() {
    auto tail = context.GetServerTrailingMetadata().find(kAnswerKey);
    if (tail == context.GetServerTrailingMetadata().end()) return unanswered();
    auto answer = decode_answer({tail->second.data(), tail->second.size()}, call.out);
    if (!answer) return broken(answer.error().message);
    if (!*answer) return {std::unexpected(std::move(answer->error()))};
    if (!status.ok()) return unanswered();  // the reply itself did not arrive
    ::grpc::Slice body;
    if (!to_single_slice(reply, body)) return broken("no reply came");
    if (call.out.has_stored_body) {
      call.out.stored_body = view_of(body);
    } else if (!response.ParseFromArray(body.begin(), static_cast<int>(body.size()))) {
      return broken("the reply cannot be read");
    }
    return {};
  }

  // The other process said nothing: it is gone, slow, another version, or does not know our secret.
  RemoteOutcome unanswered() const {
    ApiError error = channel.unavailable(describe(status));
    const StatusCode code = status.error_code();
    if (code == StatusCode::DEADLINE_EXCEEDED) {
      error.detail = "No answer in time; whether it was done is not known. Ask again with the same key";
    }
    if (code == StatusCode::RESOURCE_EXHAUSTED || code == StatusCode::INVALID_ARGUMENT ||
        code == StatusCode::INTERNAL) {
      error.status = 500;
      error.retry_after = 0;
    }
    return {std::unexpected(std::move(error)), code == StatusCode::UNAVAILABLE};
  }

  RemoteOutcome broken(const std::string& what) const {
    ApiError error = ApiError::of(500);
    error.cause = channel.options.name + ": " + what;
    return {std::unexpected(std::move(error))};
  }

  Channel& channel;
  google::protobuf::Message& response;
  CallContext& call;
  Channel::Done done;
  ::grpc::ClientContext context;
  ::grpc::ByteBuffer request, reply;
  ::grpc::Status status;
  Exchange *before = nullptr, *after = nullptr;  // among those under way
};

RemoteService::Channel::Channel(RemoteOptions given, const std::string& address, Clock& time)
    : options(std::move(given)), clock(time), stub_(new ::grpc::GenericStub(connect(address))) {}

void RemoteService::Channel::call(const google::protobuf::MethodDescriptor& method,
                                  const google::protobuf::Message& request,
                                  google::protobuf::Message& response, CallContext& context, Duration timeout,
                                  Done done) {
  auto exchange = std::make_unique<Exchange>(*this, response, context, std::move(done));
  if (admit(*exchange)) return exchange.release()->begin(method, request, timeout);
  refused.fetch_add(1, std::memory_order_relaxed);
  context.executor->post([this, then = std::move(exchange->done)]() mutable {
    then({std::unexpected(unavailable("too many calls under way, or stopping")), false, true});
  });
}

void RemoteService::Channel::guarded_call(const google::protobuf::MethodDescriptor& method,
                                          const google::protobuf::Message& request,
                                          google::protobuf::Message& response, CallContext& context,
                                          Done done) {
  Duration left = std::min(options.deadline, context.deadline - clock.monotonic());
  if (open.load(std::memory_order_acquire) || left.micros <= 0) {
    refused.fetch_add(1, std::memory_order_relaxed);
    std::string cause = left.micros <= 0 ? "no time left" : "it cannot be reached";
    return context.executor->post([this, cause, then = std::move(done)]() mutable {
      then({std::unexpected(unavailable(cause)), false, true});
    });
  }
  calls.fetch_add(1, std::memory_order_relaxed);
  auto watched = [this, then = std::move(done)](RemoteOutcome outcome) mutable {
    if (!outcome.result && outcome.result.error().status >= 500)
      failed.fetch_add(1, std::memory_order_relaxed);
    if (outcome.unreachable && !open.exchange(true) && on_unreachable) on_unreachable();
    then(std::move(outcome));
  };
  call(method, request, response, context, left, std::move(watched));
}

bool RemoteService::Channel::admit(Exchange& exchange) {
  std::lock_guard lock(mutex_);
  if (stopped || under_way_ >= options.max_calls) return false;
  ++under_way_;
  exchange.after = first_;
  if (first_) first_->before = &exchange;
  first_ = &exchange;
  return true;
}

void RemoteService::Channel::ended(Exchange& exchange) {
  std::lock_guard lock(mutex_);
  if (exchange.before) exchange.before->after = exchange.after;
  if (exchange.after) exchange.after->before = exchange.before;
  if (first_ == &exchange) first_ = exchange.after;
  if (--under_way_ == 0) quiet_.notify_all();
}

void RemoteService::Channel::stop() {
  std::unique_lock lock(mutex_);
  stopped = true;
  for (Exchange* exchange = first_; exchange; exchange = exchange->after) exchange->context.TryCancel();
  quiet_.wait(lock, [&] { return under_way_ == 0; });
}

ApiError RemoteService::Channel::unavailable(std::string cause) const {
  ApiError error = ApiError::of(503);
  error.retry_after = 1;
  error.cause = options.name + ": " + std::move(cause);
  return error;
}

}  // namespace ducat::rpc
