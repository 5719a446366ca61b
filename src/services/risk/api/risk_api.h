// The risk service's methods of the contract, bound to its service.
#pragma once

#include <functional>

#include "ducat/risk/v1/risk.pb.h"
#include "platform/rpc/registry.h"
#include "services/risk/risk_service.h"

namespace ducat::risk {

// The service is asked for at every call: it is there once its host has started. Outlives the registry's
// calls. Thread-safe.
class RiskApi {
 public:
  explicit RiskApi(std::function<RiskService&()> service) : service_(std::move(service)) {}
  void bind(rpc::Registry& registry);

 private:
  template <typename T>
  using Reply = Task<rpc::Reply<T>>;
  using Call = rpc::CallContext;

  Reply<v1::Alerts> list_alerts(const v1::ListAlertsRequest& request, Call& call);
  Reply<v1::Alert> get_alert(const v1::GetAlertRequest& request, Call& call);
  Reply<v1::Alert> change(const v1::ChangeAlertRequest& request, AlertStatus wanted, Call& call);

  std::function<RiskService&()> service_;
};

}  // namespace ducat::risk
