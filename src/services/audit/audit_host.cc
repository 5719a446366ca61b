// Wiring with real threads; see audit_host.h.
#include "services/audit/audit_host.h"

#include <condition_variable>

#include "platform/telemetry/logger.h"
#include "services/audit/audit_messages.h"

namespace ducat::audit {

AuditHost::AuditHost(AuditHostOptions options, const kernel::merkle::CheckpointSigner& signer, Clock& clock,
                     Timers& timers)
    : options_(std::move(options)), signer_(signer), clock_(clock), timers_(timers) {}

AuditHost::~AuditHost() = default;

Status AuditHost::start() {
  threads_ = std::make_unique<kernel::ServiceThreads>();
  kernel::EngineHostOptions options{
      .name = "audit", .journal = options_.journal, .tables = options_.tables, .engine = options_.engine};
  options.together = options_.together;
  host_ = std::make_unique<kernel::EngineHost>(model_, std::move(options), *threads_, clock_, timers_);
  DUCAT_TRY(host_->start());
  service_ = std::make_unique<AuditService>(host_->engine(), host_->readers(), signer_);
  answers_ = std::make_unique<kernel::JournalSource>(
      host_->feed(), host_->tables(), "audit_answers", answers_of,
      std::vector<std::string>{"audit.log.created", "audit.log.failed"});
  started_ = true;
  host_->every(options_.checkpoint_interval, [this] {
    if (keeping_.exchange(true)) return;
    ducat::start(keep_checkpoint(threads_->upkeep), [this](Status kept) {
      if (!kept) log::warn("audit.checkpoint_not_kept", {{"reason", kept.error().message}});
      keeping_ = false;
    });
  });
  return {};
}

Task<Status> AuditHost::keep_checkpoint(Executor& home) {
  Result<TreeHead> head = co_await service_->head(home);
  if (!head) co_return propagate(head);
  co_return keep(head->size, service_->sign(*head));
}

Status AuditHost::keep(uint64_t size, const std::string& note) {
  std::lock_guard lock(mutex_);
  if (size <= kept_) return {};
  if (!connection_) {
    DUCAT_ASSIGN(connection_, host_->tables().connect(storage::Access::kWriter));
  }
  DUCAT_TRY(audit::keep_checkpoint(*connection_, size, note));
  kept_ = size;
  return {};
}

void AuditHost::stop() {
  if (started_ && host_->leads()) {
    std::mutex mutex;
    std::condition_variable wake;
    bool done = false;
    ducat::start(keep_checkpoint(threads_->upkeep), [&](Status kept) {
      if (!kept) log::warn("audit.checkpoint_not_kept", {{"reason", kept.error().message}});
      std::lock_guard lock(mutex);
      done = true;
      wake.notify_one();
    });
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return done; });  // the engine answers within its own limit
  }
  // The engine answers whoever waits, so that no task of the service is left hanging.
  if (host_) host_->stop();
  if (!threads_) return;
  threads_->upkeep.stop();
  threads_->readers.stop();
}

}  // namespace ducat::audit
