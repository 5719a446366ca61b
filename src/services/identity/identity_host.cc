// See identity_host.h.
#include "services/identity/identity_host.h"

#include "services/identity/audit_messages.h"

namespace ducat::identity {

IdentityHost::IdentityHost(IdentityHostOptions options, Ports ports)
    : options_(std::move(options)), ports_(ports), model_(options_.model, ports.registry) {}

IdentityHost::~IdentityHost() = default;

Status IdentityHost::start() {
  threads_ = std::make_unique<kernel::ServiceThreads>();
  host_ = std::make_unique<kernel::EngineHost>(model_, options_.host, *threads_, ports_.clock, ports_.timers);
  DUCAT_TRY(host_->start());
  audit_ = std::make_unique<kernel::JournalSource>(host_->feed(), host_->tables(), "identity_audit",
                                                   audit_messages_of,
                                                   std::vector<std::string>{"audit.log.create"});
  hasher_ = std::make_unique<security::PasswordHasher>(options_.hasher, ports_.random);
  service_ = std::make_unique<IdentityService>(
      IdentityPorts{host_->engine(), *hasher_, ports_.tokens, ports_.registry, ports_.clock, ports_.random},
      options_.service);
  return {};
}

void IdentityHost::stop() {
  // The hasher first: whose password it still checks is answered by the engine, which refuses from its stop
  // on.
  if (hasher_) hasher_->stop();
  if (host_) host_->stop();
  if (!threads_) return;
  threads_->upkeep.stop();
  threads_->readers.stop();
}

}  // namespace ducat::identity
