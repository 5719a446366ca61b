// Which function answers which method of the contracts. A service binds its handlers here and knows nothing
// of HTTP:
//
//   registry.bind<v1::DepositRequest, v1::Balance>("ducat.wallet.v1.WalletService.Deposit",
//       [this](const v1::DepositRequest& request, rpc::CallContext& context) { return deposit(request,
//       context); });
//
//   Task<rpc::Reply<v1::Balance>> Wallet::deposit(const v1::DepositRequest& request, rpc::CallContext&
//   context);
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/time.h"
#include "platform/http/message.h"
#include "platform/rpc/api_error.h"
#include "platform/rpc/authenticator.h"
#include "platform/rpc/route_plan.h"
#include "platform/runtime/task.h"

namespace ducat::rpc {

// The answer of a handler: the contract's message, or why not.
template <typename Response>
using Reply = std::expected<Response, ApiError>;

// What a handler knows about its call besides the request, and may say besides the reply. Valid until the
// handler's task has finished. One thread at a time.
struct CallContext {
  const http::Request* request = nullptr;  // the raw request: client address, user agent
  Executor* executor = nullptr;  // of the thread the request came on: where awaited things should resume
  Caller caller;
  std::string request_id;
  std::string idempotency_key;  // validated; empty when the caller gave none
  std::string traceparent;
  Timestamp now;  // when the request came
  // Monotonic: nobody waits for the answer any more. Calls made on behalf of this one end by then, too.
  Timestamp deadline{INT64_MAX};

  struct Out {
    bool replayed = false;  // Idempotent-Replayed: true
    int status = 0;         // instead of the contract's success status
    // A stored body, sent as it is instead of the message (in the envelope: as `data`).
    bool has_stored_body = false;
    std::string stored_body;
    // Text that is sent as it is, outside of any envelope, for callers that ask for it by Accept: its media
    // type (a constant; empty: none) and the text.
    std::string_view text_type;
    std::string text;
    std::vector<std::pair<std::string_view, std::string>> headers;  // names are constants
  } out;
};

// One request on its way through a handler. Made on the I/O thread of its exchange, and given back there.
class Call {
 public:
  virtual ~Call() = default;
  virtual google::protobuf::Message& request() = 0;
  // After the handler has finished: its message, or null and the error.
  virtual const google::protobuf::Message* response() const = 0;
  virtual const ApiError& error() const = 0;
  // Starts the handler; `finish` is called once, on whatever thread it ends.
  virtual void run(void (*finish)(Call&)) = 0;
  // Ready for another request.
  virtual void reset() = 0;

  CallContext context;
  http::Exchange* exchange = nullptr;
  void* owner = nullptr;  // the dispatcher
  const class Route* route = nullptr;
  std::thread::id thread;  // of the exchange
  Timestamp started;       // monotonic
  size_t body_size = 0;
};

// A bound method. Thread-safe. Finished calls are kept, a bounded number, so that the messages' memory is
// reused.
class Route {
 public:
  explicit Route(RoutePlan plan) : plan_(std::move(plan)) {}
  virtual ~Route() = default;
  const RoutePlan& plan() const { return plan_; }

  std::unique_ptr<Call> take() const;
  void give_back(std::unique_ptr<Call> call) const;

 protected:
  virtual std::unique_ptr<Call> make() const = 0;

 private:
  RoutePlan plan_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Call>> idle_;
  mutable size_t large_idle_ = 0;  // of those that served a large body
};

namespace registry_detail {

template <typename Request, typename Response>
using Method = std::function<Task<Reply<Response>>(const Request&, CallContext&)>;

template <typename Request, typename Response>
class TypedCall final : public Call {
 public:
  explicit TypedCall(const Method<Request, Response>& method) : method_(method) {}

  google::protobuf::Message& request() override { return request_; }
  const google::protobuf::Message* response() const override { return reply_ ? &*reply_ : nullptr; }
  const ApiError& error() const override { return reply_.error(); }
  void run(void (*finish)(Call&)) override {
    start(method_(request_, context), [this, finish](Reply<Response> reply) {
      reply_ = std::move(reply);
      finish(*this);
    });
  }
  void reset() override {
    request_.Clear();
    reply_ = Response();
    context = CallContext();
  }

 private:
  const Method<Request, Response>& method_;
  Request request_;
  Reply<Response> reply_;
};

template <typename Request, typename Response>
class TypedRoute final : public Route {
 public:
  TypedRoute(RoutePlan plan, Method<Request, Response> method)
      : Route(std::move(plan)), method_(std::move(method)) {}

 protected:
  std::unique_ptr<Call> make() const override {
    return std::make_unique<TypedCall<Request, Response>>(method_);
  }

 private:
  Method<Request, Response> method_;
};

template <typename Response>
Task<Reply<Response>> refuse(ApiError error) {
  co_return std::unexpected(std::move(error));
}

// The method while `leads()`, and a refusal before it has begun otherwise.
template <typename Request, typename Response>
Method<Request, Response> gated(std::function<bool()> leads, Method<Request, Response> method) {
  return [leads = std::move(leads), method = std::move(method)](const Request& request, CallContext& call) {
    return leads() ? method(request, call) : refuse<Response>(ApiError::not_leading());
  };
}

}  // namespace registry_detail

// Filled at the start by one thread; then read by the dispatcher and the OpenAPI document, which it outlives.
class Registry {
 public:
  // `method` is the full name in the contract. An unknown one, one whose messages are others, or one bound
  // twice is a programmer's error. The handler lives as long as the registry, so a coroutine lambda's
  // captures do, too.
  template <typename Request, typename Response>
  void bind(std::string_view method, registry_detail::Method<Request, Response> handler) {
    RoutePlan plan = plan_of(method, *Request::descriptor(), *Response::descriptor());
    if (auto leads = gate_of(plan)) {
      handler = registry_detail::gated<Request, Response>(std::move(leads), std::move(handler));
    }
    routes_.push_back(std::make_unique<registry_detail::TypedRoute<Request, Response>>(std::move(plan),
                                                                                       std::move(handler)));
  }

  // Methods of this service of the contracts that are no GET are refused (ApiError::not_leading) while
  // `leads()` is false. To be said before they are bound; `leads` is thread-safe and quick.
  void writes_need(std::string service, std::function<bool()> leads) {
    gates_[std::move(service)] = std::move(leads);
  }

  // The same for a route of another kind, such as one whose calls are answered elsewhere.
  using MakeRoute = std::function<std::unique_ptr<Route>(RoutePlan)>;
  void bind_route(const google::protobuf::MethodDescriptor& method, const MakeRoute& make) {
    routes_.push_back(make(plan_of(method.full_name(), *method.input_type(), *method.output_type())));
  }

  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

 private:
  RoutePlan plan_of(std::string_view method, const google::protobuf::Descriptor& request,
                    const google::protobuf::Descriptor& response);

  std::function<bool()> gate_of(const RoutePlan& plan) const {
    auto found = gates_.find(plan.method->service()->full_name());
    bool reads = plan.verb.empty() || plan.verb == "GET";
    return found == gates_.end() || reads ? nullptr : found->second;
  }

  PlanCache plans_;
  std::map<std::string, std::function<bool()>> gates_;
  std::vector<std::unique_ptr<Route>> routes_;
};

}  // namespace ducat::rpc
