// The audit log, running: its engine, its service, the source of its answers, and the checkpoints that are
// kept from time to time. Knows no configuration, no HTTP and no broker; module.cc does.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "kernel/engine/engine_host.h"
#include "kernel/messaging/journal_source.h"
#include "services/audit/audit_model.h"
#include "services/audit/audit_service.h"

namespace ducat::audit {

struct AuditHostOptions {
  storage::StorageTarget journal;
  storage::StorageTarget tables;
  kernel::EngineOptions engine;
  kernel::LeadTogether* together = nullptr;              // kernel::EngineHostOptions
  Duration checkpoint_interval = Duration::seconds(60);  // of signed tree heads that are kept
};

// Start once, stop once; in between everything is thread-safe. The signer, the clock and the timers outlive
// it.
class AuditHost {
 public:
  AuditHost(AuditHostOptions options, const kernel::merkle::CheckpointSigner& signer, Clock& clock,
            Timers& timers);
  ~AuditHost();

  // Opens, leads and recovers; blocks. Errors say what is in the way.
  Status start();
  // Finishes what was accepted and keeps a last checkpoint; blocks.
  void stop();

  AuditService& service() { return *service_; }
  // What who proposed records is told; for Broker::feed. Outlives the broker.
  broker::Source& answers() { return *answers_; }
  kernel::EngineHost& engine() { return *host_; }
  bool started() const { return host_ != nullptr; }
  bool leads() const { return host_ && host_->leads(); }
  kernel::EngineStats stats() const { return host_ ? host_->stats() : kernel::EngineStats{}; }

  // Signs the tree as it is and keeps it, if it has grown since the last time.
  Task<Status> keep_checkpoint(Executor& home);

 private:
  Status keep(uint64_t size, const std::string& note);

  const AuditHostOptions options_;
  const kernel::merkle::CheckpointSigner& signer_;
  Clock& clock_;
  Timers& timers_;
  AuditModel model_;
  std::unique_ptr<kernel::ServiceThreads> threads_;
  std::unique_ptr<kernel::EngineHost> host_;
  std::unique_ptr<AuditService> service_;
  std::unique_ptr<kernel::JournalSource> answers_;
  std::atomic<bool> keeping_{false};
  std::mutex mutex_;  // of what follows
  uint64_t kept_ = 0;
  std::unique_ptr<storage::Connection> connection_;
  bool started_ = false;
};

}  // namespace ducat::audit
