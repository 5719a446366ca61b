// See registry.h.
#include "platform/rpc/registry.h"

#include <google/protobuf/descriptor.h>

#include "base/check.h"

namespace ducat::rpc {
namespace {

constexpr size_t kMaxIdle = 64;
// A call whose body was larger keeps much memory; few of those are kept.
constexpr size_t kLargeBody = 64 << 10;
constexpr size_t kMaxLargeIdle = 4;

}  // namespace

std::unique_ptr<Call> Route::take() const {
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Call> call = std::move(idle_.back());
      idle_.pop_back();
      if (call->body_size > kLargeBody) --large_idle_;
      return call;
    }
  }
  std::unique_ptr<Call> call = make();
  call->route = this;
  return call;
}

void Route::give_back(std::unique_ptr<Call> call) const {
  call->reset();
  std::lock_guard lock(mutex_);
  const bool large = call->body_size > kLargeBody;
  if (idle_.size() >= kMaxIdle || (large && large_idle_ >= kMaxLargeIdle)) return;
  large_idle_ += large;
  idle_.push_back(std::move(call));
}

RoutePlan Registry::plan_of(std::string_view method, const google::protobuf::Descriptor& request,
                            const google::protobuf::Descriptor& response) {
  const auto* descriptor = request.file()->pool()->FindMethodByName(std::string(method));
  DUCAT_CHECK(descriptor, "a bound method is in the contracts");
  DUCAT_CHECK(descriptor->input_type() == &request && descriptor->output_type() == &response,
              "a bound method has the contract's messages");
  for (const auto& route : routes_) DUCAT_CHECK(route->plan().method != descriptor, "a method is bound once");
  return make_route_plan(*descriptor, plans_);
}

}  // namespace ducat::rpc
