// Wiring of the audit log: from settings to a running host.
#include "services/audit/module.h"

#include <optional>

#include "kernel/messaging/led_consumer.h"
#include "services/audit/api/audit_api.h"
#include "services/audit/audit_host.h"
#include "services/audit/audit_messages.h"
#include "services/audit/module_parts.h"
#include "services/audit/signing_key.h"

namespace ducat::audit {
namespace {

constexpr config::Setting kSettings[] = {
    {.key = "audit.origin",
     .type = config::Type::kString,
     .default_value = "ducat.local/audit",
     .help = "the log's name in its checkpoints, such as example.org/audit; not to be changed later"},
    {.key = "audit.signing_key",
     .type = config::Type::kString,
     .default_value = "",
     .help = "base64 of the Ed25519 seed that signs checkpoints; empty: made and kept in the data directory",
     .secret = true},
    {.key = "audit.checkpoint_interval",
     .type = config::Type::kDuration,
     .default_value = "60s",
     .min = "1s",
     .help = "how often a signed checkpoint is kept, if the log has grown"},
    {.key = "audit.lag_events",
     .type = config::Type::kInteger,
     .default_value = "200000",
     .min = "1000",
     .help = "records the tables may be behind the journal before more wait"},
    {.key = "audit.wait",
     .type = config::Type::kDuration,
     .default_value = "5s",
     .min = "10ms",
     .help = "how long a record may wait before it is refused with 503"},
};

class AuditModule final : public Module {
 public:
  explicit AuditModule(kernel::ServicePorts ports)
      : ports_(std::move(ports)), api_([this]() -> AuditService& { return host_->service(); }) {
    ports_.registry.writes_need("ducat.audit.v1.AuditService", [this] { return host_ && host_->leads(); });
    api_.bind(ports_.registry);
  }

  std::string name() const override { return "audit"; }

  Status start() override {
    DUCAT_ASSIGN(signer_, make_signer(ports_.settings, ports_.data_directory, true));
    AuditHostOptions options = host_options(ports_.settings, ports_.targets, ports_.holder);
    options.together = ports_.together;
    host_ = std::make_unique<AuditHost>(std::move(options), *signer_, ports_.clock, ports_.timers);
    DUCAT_TRY(host_->start());
    watches_ = kernel::watch_engines(ports_.metrics, "audit",
                                     [this] { return std::vector<kernel::EngineStats>{host_->stats()}; });
    if (ports_.broker == nullptr) return {};
    broker::StreamSpec stream = audit_stream();
    DUCAT_TRY(ports_.broker->declare(stream));
    DUCAT_TRY(ports_.broker->feed(stream.name, host_->answers()));
    return host_->engine().while_leading([this] { return consume(); }, [this] { consumer_.end(); });
  }

  void stop() override {
    if (host_ && host_->started()) host_->engine().end_duties();
    watches_.clear();
    if (host_) host_->stop();
    consuming_.stop();
  }

  Health health() const override {
    kernel::EngineStats stats = host_ ? host_->stats() : kernel::EngineStats{};
    Health health = kernel::health_of({&stats, 1});
    if (health.detail.empty()) health.detail = consumer_.trouble();
    return health;
  }

 private:
  Status consume() {
    broker::ConsumerOptions options;
    options.subscription = audit_subscription();
    options.first_pause = Duration::millis(100);
    options.retries = -1;  // somebody waits for the answer, and only an outage holds it up
    return consumer_.begin(
        std::make_unique<broker::Consumer>(*ports_.broker, ports_.timers, consuming_, std::move(options),
                                           [this](const broker::Message& message, Executor& home) {
                                             return handle_message(host_->service(), message, home);
                                           }));
  }

  kernel::ServicePorts ports_;
  std::optional<kernel::merkle::CheckpointSigner> signer_;
  std::unique_ptr<AuditHost> host_;
  AuditApi api_;
  std::vector<metrics::Watch> watches_;
  ThreadExecutor consuming_{"audit-consumer"};
  kernel::LedConsumer consumer_{consuming_};
};

}  // namespace

Result<kernel::merkle::CheckpointSigner> make_signer(const config::Settings& settings,
                                                     const std::string& data_directory, bool make_key) {
  const std::string& origin = settings.text("audit.origin");
  if (!kernel::merkle::valid_origin(origin)) {
    return fail(Errc::kInvalid, "audit.origin must be a name without white space and without +");
  }
  DUCAT_ASSIGN(security::Ed25519Key key, load_signing_key(settings.text("audit.signing_key"),
                                                          data_directory + "/audit-signing.key", make_key));
  return kernel::merkle::CheckpointSigner(origin, std::move(key));
}

AuditHostOptions host_options(const config::Settings& settings, const kernel::Targets& targets,
                              const std::string& holder) {
  AuditHostOptions options;
  options.journal = targets(kAuditJournal, true);
  options.tables = targets(kAuditJournal, false);
  options.engine.lease.holder = holder;
  options.engine.lag_events = static_cast<uint64_t>(settings.integer("audit.lag_events"));
  options.engine.wait = settings.duration("audit.wait");
  options.engine.key_life = settings.duration("idempotency.ttl");
  options.checkpoint_interval = settings.duration("audit.checkpoint_interval");
  return options;
}

std::span<const config::Setting> audit_settings() {
  return kSettings;
}

std::unique_ptr<Module> make_audit_module(kernel::ServicePorts ports) {
  return std::make_unique<AuditModule>(std::move(ports));
}

}  // namespace ducat::audit
