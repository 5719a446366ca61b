// Wiring of the wallet: from settings to a running host.
#include "services/wallet/module.h"

#include "platform/telemetry/logger.h"
#include "services/wallet/api/wallet_api.h"
#include "services/wallet/api/wallet_messages.h"
#include "services/wallet/wallet_host.h"

namespace ducat::wallet {
namespace {

constexpr config::Setting kSettings[] = {
    {.key = "wallet.shards",
     .type = config::Type::kInteger,
     .default_value = "1",
     .min = "1",
     .max = "64",
     .help = "databases the wallets are spread over; fixed by the first start"},
    {.key = "wallet.cache_wallets",
     .type = config::Type::kInteger,
     .default_value = "1000000",
     .min = "1000",
     .help = "wallets kept in memory, about 250 bytes each"},
    {.key = "wallet.lag_events",
     .type = config::Type::kInteger,
     .default_value = "400000",
     .min = "1000",
     .help = "events the tables may be behind the journal before commands wait"},
    {.key = "wallet.wait",
     .type = config::Type::kDuration,
     .default_value = "5s",
     .min = "10ms",
     .help = "how long a command may wait before it is refused with 503"},
    {.key = "wallet.waiting_operations",
     .type = config::Type::kInteger,
     .default_value = "65536",
     .min = "1",
     .help = "operations that may wait before more are refused with 503"},
    {.key = "wallet.saga_stuck_after",
     .type = config::Type::kDuration,
     .default_value = "60s",
     .min = "1s",
     .help = "age from which a transfer between shards that was left open is finished"},
    {.key = "wallet.saga_interval",
     .type = config::Type::kDuration,
     .default_value = "10s",
     .min = "100ms",
     .help = "how often such transfers are looked for"},
    {.key = "wallet.hold_interval",
     .type = config::Type::kDuration,
     .default_value = "250ms",
     .min = "50ms",
     .help = "how often expired holds are looked for"},
};

WalletHostOptions options_of(const kernel::ServicePorts& ports) {
  const config::Settings& settings = ports.settings;
  WalletHostOptions options;
  for (const std::string& name : wallet_data().journals(settings)) {
    options.shards.push_back({ports.targets(name, true), ports.targets(name, false)});
  }
  options.engine.lease.holder = ports.holder;
  options.engine.lag_events = static_cast<uint64_t>(settings.integer("wallet.lag_events"));
  options.engine.wait = settings.duration("wallet.wait");
  options.engine.waiting_operations = static_cast<size_t>(settings.integer("wallet.waiting_operations"));
  options.engine.key_life = settings.duration("idempotency.ttl");
  options.wallets_in_memory = static_cast<size_t>(settings.integer("wallet.cache_wallets"));
  options.service.saga_stuck_after = settings.duration("wallet.saga_stuck_after");
  options.service.quarter_of_key_life.micros = options.engine.key_life.micros / 4;
  options.cache = ports.cache;
  options.together = ports.together;
  options.saga_interval = settings.duration("wallet.saga_interval");
  options.hold_interval = settings.duration("wallet.hold_interval");
  return options;
}

class WalletModule final : public Module {
 public:
  explicit WalletModule(kernel::ServicePorts ports)
      : ports_(std::move(ports)),
        host_(options_of(ports_), ports_.clock, ports_.timers),
        api_([this]() -> WalletService& { return host_.service(); }, ports_.clock) {
    ports_.registry.writes_need("ducat.wallet.v1.WalletService", [this] { return host_.leads(); });
    api_.bind(ports_.registry);
  }

  std::string name() const override { return "wallet"; }

  Status start() override {
    DUCAT_TRY(host_.start());
    watches_ = kernel::watch_engines(ports_.metrics, "wallet", [this] { return host_.stats(); });
    return ports_.broker == nullptr ? Status() : publish();
  }

  void stop() override {
    watches_.clear();
    host_.stop();
  }

  Health health() const override { return kernel::health_of(host_.stats()); }

 private:
  // What a shard publishes, made from its journal.
  struct Outlet {
    Outlet(uint32_t shard, kernel::EngineHost& host)
        : messages(shard, host.tables()),
          source(host.feed(), host.tables(), "wallet_events",
                 [this](const kernel::JournalEvent& event, std::vector<broker::Message>& out) {
                   return messages.messages_of(event, out);
                 }) {}
    WalletMessages messages;
    kernel::JournalSource source;
  };

  Status publish() {
    broker::StreamSpec stream = wallet_stream();
    DUCAT_TRY(ports_.broker->declare(stream));
    for (size_t i = 0; i < host_.shards(); ++i) {
      outlets_.push_back(std::make_unique<Outlet>(static_cast<uint32_t>(i), host_.shard(i)));
      DUCAT_TRY(ports_.broker->feed(stream.name, outlets_.back()->source));
    }
    return {};
  }

  kernel::ServicePorts ports_;
  WalletHost host_;
  WalletApi api_;
  std::vector<metrics::Watch> watches_;
  std::vector<std::unique_ptr<Outlet>> outlets_;
};

}  // namespace

std::span<const config::Setting> wallet_settings() {
  return kSettings;
}

std::unique_ptr<Module> make_wallet_module(kernel::ServicePorts ports) {
  return std::make_unique<WalletModule>(std::move(ports));
}

}  // namespace ducat::wallet
