// What the command line does with the wallets' data.
#include "kernel/journal/journal.h"
#include "platform/rpc/json_text.h"
#include "services/wallet/module.h"
#include "services/wallet/store/event_codec.h"
#include "services/wallet/store/tables.h"
#include "services/wallet/wallet_host.h"
#include "services/wallet/wallet_verify.h"

namespace ducat::wallet {
namespace {

std::vector<std::string> journals(const config::Settings& settings) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < settings.integer("wallet.shards"); ++i) {
    names.push_back("wallet-" + std::to_string(i));
  }
  return names;
}

Result<std::shared_ptr<kernel::Model>> make_model(const config::Settings& settings, size_t index) {
  auto shards = static_cast<size_t>(settings.integer("wallet.shards"));
  auto in_memory = static_cast<size_t>(settings.integer("wallet.cache_wallets"));
  return std::make_shared<WalletModel>(
      WalletModelOptions{static_cast<uint32_t>(index), in_memory / shards, shards});
}

Status check(const config::Settings& settings, storage::Connection& tables) {
  return check_shard_count(tables, settings.integer("wallet.shards"));
}

Result<kernel::Findings> verify(const kernel::DataPorts& ports, storage::Database& journal,
                                storage::Database& tables) {
  DUCAT_ASSIGN(VerifyReport report,
               verify_shard(journal, tables, ports.settings.duration("idempotency.ttl")));
  kernel::Findings found;
  found.lines.push_back(std::to_string(report.events) + " events in " + std::to_string(report.records) +
                        " records, " + std::to_string(report.wallets) + " wallets, " +
                        std::to_string(report.keys) + " idempotency keys");
  for (const VerifyReport::Total& total : report.totals) {
    found.lines.push_back(total.currency + ": wallets " + total.wallets + ", world and transit " +
                          total.others);
  }
  found.violations = std::move(report.violations);
  return found;
}

Status describe(std::string_view body, rpc::JsonBuilder& json) {
  DUCAT_ASSIGN(StoredEventView decoded, decode_view(body));
  const Event& event = decoded.event;
  auto amount = [&](std::string_view key, int64_t minor) {
    std::string digits;
    append_decimal(digits, minor, event.currency);
    json.key(key).raw(digits);
  };
  json.key("type").text(to_string(event.type));
  json.key("wallet")
      .number(static_cast<int64_t>(decoded.wallet))
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
  return {};
}

}  // namespace

const kernel::ServiceData& wallet_data() {
  static const kernel::ServiceData data = {.journals = journals,
                                           .describe = describe,
                                           .migrate = migrate_wallet_tables,
                                           .clear = clear_wallet_tables,
                                           .check = check,
                                           .make_model = make_model,
                                           .verify = verify};
  return data;
}

}  // namespace ducat::wallet
