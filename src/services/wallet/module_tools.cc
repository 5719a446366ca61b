// What the command line does with the wallet's data while no server needs to run.
#include <cstdio>

#include "base/system.h"
#include "kernel/journal/journal.h"
#include "kernel/projection/projector.h"
#include "platform/rpc/json_text.h"
#include "services/wallet/module.h"
#include "services/wallet/store/event_codec.h"
#include "services/wallet/store/tables.h"
#include "services/wallet/wallet_host.h"
#include "services/wallet/wallet_verify.h"

namespace ducat::wallet {
namespace {

struct OpenShard {
  std::unique_ptr<storage::Database> journal;
  std::unique_ptr<storage::Database> tables;
};

Result<OpenShard> open_shard(const kernel::Targets& targets, const std::string& name) {
  OpenShard shard;
  DUCAT_ASSIGN(shard.journal, storage::open(targets(name, true)));
  DUCAT_ASSIGN(shard.tables, storage::open(targets(name, false)));
  return shard;
}

// Empties a shard's tables; those that are in doubt as files.
Status empty_tables(const kernel::Targets& targets, const std::string& name) {
  DUCAT_ASSIGN(storage::OpenedTables opened, storage::open_tables(targets(name, false)));
  DUCAT_ASSIGN(auto connection, opened.database->connect(storage::Access::kWriter));
  DUCAT_TRY(kernel::open_checkpoint(*connection));
  DUCAT_TRY(migrate_wallet_tables(*connection));
  DUCAT_ASSIGN(auto transaction, storage::Transaction::begin(*connection));
  DUCAT_TRY(clear_wallet_tables(*connection));
  DUCAT_TRY(connection->execute("UPDATE projection_checkpoint SET record = 0 WHERE one = 1"));
  return transaction.commit();
}

void print_report(const std::string& name, const VerifyReport& report) {
  std::printf("%s: %llu events in %llu records, %llu wallets, %llu idempotency keys\n", name.c_str(),
              static_cast<unsigned long long>(report.events), static_cast<unsigned long long>(report.records),
              static_cast<unsigned long long>(report.wallets), static_cast<unsigned long long>(report.keys));
  for (const VerifyReport::Total& total : report.totals) {
    std::printf("  %s: wallets %s, world and transit %s\n", total.currency.c_str(), total.wallets.c_str(),
                total.others.c_str());
  }
  for (const std::string& violation : report.violations) std::printf("  VIOLATION: %s\n", violation.c_str());
}

}  // namespace

int verify_wallets(const config::Settings& settings, const kernel::Targets& targets) {
  bool sound = true;
  for (const std::string& name : wallet_journals(settings)) {
    Result<VerifyReport> report = fail(Errc::kIo, "");
    if (auto shard = open_shard(targets, name); !shard) {
      report = propagate(shard);
    } else {
      report = verify_shard(*shard->journal, *shard->tables, settings.duration("idempotency.ttl"));
    }
    if (!report) {
      std::fprintf(stderr, "ducat: %s cannot be verified: %s\n", name.c_str(),
                   report.error().message.c_str());
      return 2;
    }
    print_report(name, *report);
    sound = sound && report->violations.empty();
  }
  std::printf(sound ? "verified: every balance equals its events\n"
                    : "NOT SOUND: see the violations above\n");
  return sound ? 0 : 1;
}

Status rebuild_wallets(const config::Settings& settings, const kernel::Targets& targets,
                       const std::string& holder) {
  for (const std::string& name : wallet_journals(settings)) DUCAT_TRY(empty_tables(targets, name));
  // A start replays what the tables have not seen: everything.
  SystemClock clock;
  auto timers = std::make_unique<ThreadTimers>();
  WalletHostOptions options;
  for (const std::string& name : wallet_journals(settings)) {
    options.shards.push_back({targets(name, true), targets(name, false)});
  }
  options.engine.lease.holder = holder;
  options.engine.key_life = settings.duration("idempotency.ttl");
  options.follow = false;
  WalletHost host(std::move(options), clock, *timers);
  Status started = host.start();
  host.stop();
  timers.reset();  // its thread ends before what it may call
  DUCAT_TRY(std::move(started));
  // A stop gives up on tables that cannot be written.
  for (const kernel::EngineStats& stats : host.stats()) {
    if (stats.lag_events == 0) continue;
    return fail(Errc::kIo, "the last " + std::to_string(stats.lag_events) +
                               " events could not be written to the tables: " + stats.trouble);
  }
  return {};
}

Status list_wallet_projections(const config::Settings& settings, const kernel::Targets& targets) {
  std::printf("%-12s %-10s %14s %14s %10s\n", "journal", "tables", "records", "written", "behind");
  for (const std::string& name : wallet_journals(settings)) {
    DUCAT_ASSIGN(OpenShard shard, open_shard(targets, name));
    DUCAT_ASSIGN(auto reader, kernel::JournalReader::open(*shard.journal));
    DUCAT_ASSIGN(kernel::Tip tip, reader->tip());
    DUCAT_ASSIGN(auto connection, shard.tables->connect(storage::Access::kReader));
    DUCAT_ASSIGN(kernel::Checkpoint checkpoint, kernel::read_checkpoint(*connection));
    uint64_t written = checkpoint.record;
    std::printf("%-12s %-10s %14llu %14llu %10llu\n", name.c_str(), "wallet",
                static_cast<unsigned long long>(tip.number), static_cast<unsigned long long>(written),
                static_cast<unsigned long long>(tip.number - written));
  }
  return {};
}

std::string describe_wallet_event(std::string_view body) {
  std::string line;
  auto decoded = decode_view(body);
  if (!decoded) return "{\"error\":\"unreadable event\"}";
  const Event& event = decoded->event;
  rpc::JsonBuilder json(line);
  auto amount = [&](std::string_view key, int64_t minor) {
    std::string digits;
    append_decimal(digits, minor, event.currency);
    json.key(key).raw(digits);
  };
  json.begin_object().key("type").text(to_string(event.type));
  json.key("wallet")
      .number(static_cast<int64_t>(decoded->wallet))
      .key("currency")
      .text(code_of(event.currency));
  if (has_amount(event.type)) amount("amount", event.amount);
  amount("balance", event.balance_after);
  amount("held", event.held_after);
  if (!event.wallet_id.empty()) json.key("walletId").text(event.wallet_id);
  if (!event.counterparty.empty()) json.key("counterparty").text(event.counterparty);
  if (!event.saga.none()) json.key("sagaId").text(event.saga.uuid.to_string());
  if (!event.hold.none()) json.key("holdId").text(event.hold.uuid.to_string());
  if (!event.request_id.empty()) json.key("requestId").text(event.request_id);
  if (!event.reason.empty()) json.key("reason").text(event.reason);
  json.end_object();
  return line;
}

}  // namespace ducat::wallet
