// See local_invoker.h.
#include "clients/local_invoker.h"

#include "base/check.h"

namespace ducat::clients {
namespace {

// Runs a call and resumes the caller on its executor.
class Running {
 public:
  explicit Running(rpc::Call& call, Executor& home) : call_(call), home_(home) { call_.owner = this; }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    caller_ = caller;
    call_.run([](rpc::Call& ended) {
      auto& self = *static_cast<Running*>(ended.owner);
      self.home_.post([waiter = self.caller_] { waiter.resume(); });
    });
  }
  void await_resume() const noexcept {}

 private:
  rpc::Call& call_;
  Executor& home_;
  std::coroutine_handle<> caller_;
};

}  // namespace

const rpc::Route& LocalInvoker::route_of(std::string_view method) {
  std::call_once(filled_, [this] {
    for (const auto& route : registry_.routes()) {
      routes_.emplace(route->plan().method->full_name(), route.get());
    }
  });
  auto found = routes_.find(std::string(method));
  DUCAT_CHECK(found != routes_.end(), "a method that is called in this process is bound here");
  return *found->second;
}

Task<std::expected<void, rpc::ApiError>> LocalInvoker::invoke(std::string_view method,
                                                              const google::protobuf::Message& request,
                                                              google::protobuf::Message& response,
                                                              rpc::CallContext& context) {
  const rpc::Route& route = route_of(method);
  std::unique_ptr<rpc::Call> call = route.take();
  call->request().CopyFrom(request);
  call->context = std::move(context);
  Running running(*call, *call->context.executor);
  co_await running;
  context = std::move(call->context);
  std::expected<void, rpc::ApiError> result;
  if (call->response()) {
    response.CopyFrom(*call->response());
  } else {
    result = std::unexpected(call->error());
  }
  route.give_back(std::move(call));
  co_return result;
}

}  // namespace ducat::clients
