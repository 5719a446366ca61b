// A call is a reactor of gRPC's callback API: its message arrives on one of gRPC's threads, its handler runs
// on one of ours (so that what it awaits can resume there), and its answer goes out from wherever the handler
// ended. The reactor frees itself once gRPC is done with it.
#include "platform/rpc/grpc/grpc_server.h"

#include <grpc/support/log.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <unordered_map>

#include "base/check.h"
#include "platform/rpc/grpc/grpc_text.h"
#include "platform/rpc/grpc/signature.h"
#include "platform/rpc/grpc/wire.h"
#include "platform/rpc/headers.h"
#include "platform/telemetry/logger.h"

namespace ducat::rpc {
namespace {

using ::grpc::StatusCode;

constexpr int kShortestPingMillis = 5'000;  // clients look after their connection every 10 s

// For whoever looks at gRPC's status alone; our clients read the tail.
StatusCode code_of(int status) {
  switch (status) {
    case 400:
      return StatusCode::INVALID_ARGUMENT;
    case 401:
      return StatusCode::UNAUTHENTICATED;
    case 403:
      return StatusCode::PERMISSION_DENIED;
    case 404:
      return StatusCode::NOT_FOUND;
    case 409:
      return StatusCode::ABORTED;
    case 412:
    case 422:
      return StatusCode::FAILED_PRECONDITION;
    case 429:
      return StatusCode::RESOURCE_EXHAUSTED;
    case 503:
      return StatusCode::UNAVAILABLE;
    default:
      return status < 500 ? StatusCode::FAILED_PRECONDITION : StatusCode::INTERNAL;
  }
}

std::string_view metadata_of(const ::grpc::CallbackServerContext& context, const char* key) {
  auto found = context.client_metadata().find(key);
  if (found == context.client_metadata().end()) return {};
  return {found->second.data(), found->second.size()};
}

// gRPC would write to stderr by itself. What matters of it comes back as a status.
void log_for_grpc(gpr_log_func_args* line) {
  log::debug("rpc.grpc", {{"file", line->file}, {"line", line->line}, {"message", line->message}});
}

}  // namespace

void use_our_log() {
  static std::once_flag once;
  std::call_once(once, [] { gpr_set_log_function(log_for_grpc); });
}

struct GrpcServer::Impl final : ::grpc::CallbackGenericService {
  class Incoming;

  Impl(const Registry& methods, GrpcServerOptions given) : registry(methods), options(std::move(given)) {}
  ::grpc::ServerGenericBidiReactor* CreateReactor(::grpc::GenericCallbackServerContext* context) override;

  // Handlers of one call keep to one executor; calls are dealt out in turn.
  Executor& next_executor() { return *executors[next_turn.fetch_add(1) % executors.size()]; }
  void ended() {
    std::lock_guard lock(mutex);
    if (--under_way == 0) quiet.notify_all();
  }

  const Registry& registry;
  const GrpcServerOptions options;
  std::unordered_map<std::string, const Route*> routes;
  std::vector<std::unique_ptr<ThreadExecutor>> executors;
  std::atomic<size_t> next_turn{0};
  std::mutex mutex;
  std::condition_variable quiet;
  size_t under_way = 0;  // reactors that live
  int port = 0;
  std::unique_ptr<::grpc::Server> server;
};

class GrpcServer::Impl::Incoming final : public ::grpc::ServerGenericBidiReactor {
 public:
  Incoming(Impl& server, ::grpc::GenericCallbackServerContext& context)
      : server_(server), context_(context), started_(server.options.clock->monotonic()) {}

  // Once, before it is handed to gRPC.
  void begin(bool busy) {
    auto found = server_.routes.find(context_.method());
    if (found == server_.routes.end()) return Finish({StatusCode::UNIMPLEMENTED, "there is no such method"});
    route_ = found->second;
    if (!busy) return StartRead(&request_);
    ApiError error = ApiError::of(503);
    error.retry_after = 1;
    error.cause = "too many calls at a time";
    answer_failure({}, error);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish({StatusCode::INVALID_ARGUMENT, "no message came"});
    Executor& executor = server_.next_executor();
    executor.post([this, &executor] { serve(executor); });
  }

  void OnDone() override {
    Impl& server = server_;
    delete this;
    server.ended();
  }

 private:
  void serve(Executor& executor) {
    Duration left = remaining_until(context_.raw_deadline());
    if (left.micros <= 0 || context_.IsCancelled()) {
      return Finish({StatusCode::DEADLINE_EXCEEDED, "nobody waits for it any more"});
    }
    ::grpc::Slice body;
    if (!to_single_slice(request_, body)) return Finish({StatusCode::INVALID_ARGUMENT, "no message came"});
    if (!is_believed(view_of(body))) {
      return Finish({StatusCode::UNAUTHENTICATED, "the call is not signed with the internal secret"});
    }
    call_ = route_->take();
    if (!call_->request().ParseFromArray(body.begin(), static_cast<int>(body.size()))) {
      route_->give_back(std::move(call_));
      return Finish({StatusCode::INVALID_ARGUMENT, "the message cannot be read"});
    }
    fill(call_->context, executor, left);
    call_->owner = this;
    call_->body_size = body.size();
    Call* call = call_.release();  // comes back in `finished`, possibly before `run` returns
    call->run(&Incoming::finished);
  }

  // Reads the head as well. The order matters: nothing is parsed that is not signed.
  bool is_believed(std::string_view body) {
    std::string_view head = metadata_of(context_, kCallKey);
    if (!is_signed(metadata_of(context_, kSignatureKey), server_.options.secret, context_.method(), head,
                   body)) {
      return false;
    }
    if (!received_.read(head)) return false;
    Duration age = server_.options.clock->now() - received_.sent_at();
    return age < kSignatureLife && Duration{-age.micros} < kSignatureLife;
  }

  void fill(CallContext& context, Executor& executor, Duration left) {
    received_.fill(context);
    context.executor = &executor;
    std::string_view trace = metadata_of(context_, kTraceKey);
    if (valid_traceparent(trace)) context.traceparent = trace;
    context.now = server_.options.clock->now();
    context.deadline = server_.options.clock->monotonic() + left;
  }

  static void finished(Call& call) {
    static_cast<Incoming*>(call.owner)->answer(std::unique_ptr<Call>(&call));
  }

  // From here on gRPC may free this at any moment after Finish: nothing is touched behind it.
  void answer(std::unique_ptr<Call> call) {
    CallContext::Out out = std::move(call->context.out);
    if (!call->response()) {
      ApiError error = call->error();
      if (error.status >= 500 && server_.options.observer) {
        server_.options.observer->failed(route_->plan().name, call->context.request_id, error);
      }
      route_->give_back(std::move(call));
      return answer_failure(out, error);
    }
    ::grpc::Slice body = out.has_stored_body ? ::grpc::Slice(out.stored_body) : to_slice(*call->response());
    route_->give_back(std::move(call));
    if (body.size() > kMaxMessageBytes) {
      ApiError error = ApiError::of(500);
      error.cause = "the reply is larger than messages between processes may be";
      return answer_failure(out, error);
    }
    reply_ = ::grpc::ByteBuffer(&body, 1);
    context_.AddTrailingMetadata(kAnswerKey, encode_answer(out, nullptr));
    observe(out.status ? out.status : route_->plan().success_status);
    StartWriteAndFinish(&reply_, {}, ::grpc::Status::OK);
  }

  void answer_failure(const CallContext::Out& out, const ApiError& error) {
    context_.AddTrailingMetadata(kAnswerKey, encode_answer(out, &error));
    observe(error.status);
    Finish({code_of(error.status), error.type});
  }

  void observe(int status) {
    if (!server_.options.observer) return;
    server_.options.observer->answered(route_->plan().name, status,
                                       server_.options.clock->monotonic() - started_);
  }

  Impl& server_;
  ::grpc::GenericCallbackServerContext& context_;
  const Timestamp started_;
  const Route* route_ = nullptr;
  ::grpc::ByteBuffer request_, reply_;
  ReceivedCall received_;
  std::unique_ptr<Call> call_;
};

::grpc::ServerGenericBidiReactor* GrpcServer::Impl::CreateReactor(
    ::grpc::GenericCallbackServerContext* context) {
  bool busy = false;
  {
    std::lock_guard lock(mutex);
    busy = ++under_way > options.max_calls;
  }
  auto* incoming = new Incoming(*this, *context);  // OnDone deletes it
  incoming->begin(busy);
  return incoming;
}

GrpcServer::GrpcServer(const Registry& registry, GrpcServerOptions options)
    : impl_(std::make_unique<Impl>(registry, std::move(options))) {
  DUCAT_CHECK(impl_->options.clock, "a server has a clock");
  DUCAT_CHECK(!impl_->options.secret.empty(), "a server has the internal secret");
}

GrpcServer::~GrpcServer() {
  if (impl_->server) stop(Duration{0});
}

Status GrpcServer::start() {
  Impl& impl = *impl_;
  use_our_log();
  for (const auto& route : impl.registry.routes()) {
    impl.routes.emplace(path_of(*route->plan().method), route.get());
  }
  for (size_t i = 0; i < impl.options.threads; ++i) {
    impl.executors.push_back(std::make_unique<ThreadExecutor>("rpc"));
  }
  const std::string& host = impl.options.host;
  std::string address = (host.find(':') != std::string::npos ? "[" + host + "]" : host) + ":" +
                        std::to_string(impl.options.port);
  ::grpc::ServerBuilder builder;
  builder.AddListeningPort(address, ::grpc::InsecureServerCredentials(), &impl.port);
  builder.RegisterCallbackGenericService(&impl);
  builder.SetMaxReceiveMessageSize(static_cast<int>(kMaxMessageBytes));
  builder.SetMaxSendMessageSize(static_cast<int>(kMaxMessageBytes));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, impl.options.max_streams);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kShortestPingMillis);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // a port in use is an error, not a lottery
  impl.server = builder.BuildAndStart();
  if (!impl.server || impl.port == 0) return fail(Errc::kBusy, "cannot listen for gRPC on " + address);
  return {};
}

void GrpcServer::stop(Duration limit) {
  Impl& impl = *impl_;
  if (!impl.server) return;
  impl.server->Shutdown(deadline_in(limit));
  {
    std::unique_lock lock(impl.mutex);
    impl.quiet.wait(lock, [&] { return impl.under_way == 0; });
  }
  impl.server.reset();
  for (auto& executor : impl.executors) executor->stop();
}

int GrpcServer::port() const {
  return impl_->port;
}

}  // namespace ducat::rpc
