// What every process answers of itself: health, and the start page.
#pragma once

#include <atomic>

#include "ducat/system/v1/system.pb.h"
#include "platform/rpc/registry.h"
#include "platform/rpc/static_routes.h"
#include "platform/runtime/module.h"

namespace ducat::app {

// Outlives the registry's calls. Thread-safe once bound.
class SystemService {
 public:
  SystemService(const ModuleHost& host, Clock& clock)
      : host_(host), clock_(clock), started_(clock.monotonic()) {}

  // The methods of ducat.system.v1.SystemService.
  void bind(rpc::Registry& registry);
  void add_home(rpc::StaticRoutes& files) const;
  // From when on the process is ready, and when not any more.
  void set_serving(bool serving) { serving_ = serving; }

 private:
  system::v1::HealthReply describe(bool& ready) const;
  // `must_be_ready`: 503 unless everything is.
  Task<rpc::Reply<system::v1::HealthReply>> answer(bool must_be_ready, rpc::CallContext& call) const;

  const ModuleHost& host_;
  Clock& clock_;
  Timestamp started_;
  std::atomic<bool> serving_{false};
};

}  // namespace ducat::app
