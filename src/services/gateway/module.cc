// See module.h.
#include "services/gateway/module.h"

namespace ducat::gateway {
namespace {

class GatewayModule final : public Module {
 public:
  GatewayModule(clients::Directory& directory, rpc::Registry& registry)
      : services_(directory.bind_elsewhere(registry)) {}

  std::string name() const override { return "gateway"; }

  Status start() override {
    if (!services_.empty()) return {};
    return fail(Errc::kInvalid, "the gateway has nothing to serve: set services.wallet.address and the like");
  }

  void stop() override {}

  Health health() const override {
    Health whole{true, {}, std::nullopt};
    for (const Part& part : parts()) {
      if (part.health.ready) continue;
      whole.ready = false;
      whole.detail = part.name + ": " + part.health.detail;
    }
    return whole;
  }

  std::vector<Part> parts() const override {
    std::vector<Part> all;
    for (const rpc::RemoteService* service : services_) all.push_back({service->name(), service->health()});
    return all;
  }

 private:
  const std::vector<const rpc::RemoteService*> services_;
};

}  // namespace

std::unique_ptr<Module> make_gateway_module(clients::Directory& directory, rpc::Registry& registry) {
  return std::make_unique<GatewayModule>(directory, registry);
}

}  // namespace ducat::gateway
