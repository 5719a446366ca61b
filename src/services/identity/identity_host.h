// The identity service, running: its engine, its hasher, and the messages its journal makes. Knows no
// configuration and no HTTP; module.cc does.
#pragma once

#include <memory>

#include "kernel/engine/engine_host.h"
#include "kernel/messaging/journal_source.h"
#include "services/identity/identity_model.h"
#include "services/identity/identity_service.h"

namespace ducat::identity {

struct IdentityHostOptions {
  kernel::EngineHostOptions host;
  IdentityModelOptions model;
  IdentityServiceOptions service;
  security::PasswordHasherOptions hasher;
};

// Start once, stop once; `service` is thread-safe in between. All it is given outlives it; the timers' thread
// ends before it is destroyed.
class IdentityHost {
 public:
  struct Ports {
    const security::TokenSigner& tokens;
    AccessRegistry& registry;
    Clock& clock;
    Random& random;  // thread-safe, fit for secrets
    Timers& timers;
  };
  IdentityHost(IdentityHostOptions options, Ports ports);
  ~IdentityHost();

  // Opens, leads and recovers; blocks.
  Status start();
  // Finishes what was accepted; blocks.
  void stop();

  IdentityService& service() { return *service_; }
  kernel::EngineHost& engine() { return *host_; }
  bool started() const { return host_ != nullptr; }
  bool leads() const { return host_ && host_->leads(); }
  // `audit.log.create` for all that has happened; once started.
  broker::Source& audit_messages() { return *audit_; }
  kernel::EngineStats stats() const { return host_ ? host_->stats() : kernel::EngineStats{}; }

 private:
  const IdentityHostOptions options_;
  Ports ports_;
  IdentityModel model_;
  std::unique_ptr<kernel::ServiceThreads> threads_;
  std::unique_ptr<kernel::EngineHost> host_;
  std::unique_ptr<kernel::JournalSource> audit_;
  std::unique_ptr<security::PasswordHasher> hasher_;
  std::unique_ptr<IdentityService> service_;
};

}  // namespace ducat::identity
