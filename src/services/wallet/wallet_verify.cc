// Refolding; see wallet_verify.h.
#include "services/wallet/wallet_verify.h"

#include <algorithm>
#include <unordered_map>

#include "base/hash.h"
#include "kernel/journal/journal.h"
#include "services/wallet/domain/invariants.h"
#include "services/wallet/store/event_codec.h"
#include "services/wallet/store/queries.h"

namespace ducat::wallet {
namespace {

constexpr size_t kMostViolations = 100;

struct Folded {
  Wallet state;
  uint64_t events = 0;
  Position head = 0;
};

class Auditor final : public kernel::RecordVisitor {
 public:
  explicit Auditor(VerifyReport& report) : report_(report), invariants_(all_invariants()) {}

  Status record(const kernel::Record& record) {
    at_ = record.at;
    ++report_.records;
    DUCAT_TRY(kernel::visit(record, *this));
    DUCAT_TRY(std::move(status_));
    for (auto& invariant : invariants_) note(invariant->after_commit(), record.number);
    return {};
  }

  void on_event(Position position, uint64_t stream, std::string_view body) override {
    if (!status_) return;
    auto decoded = decode_view(body);
    if (!decoded) {
      status_ = propagate(decoded);
      return;
    }
    ++report_.events;
    Folded& wallet = wallets_[stream];
    Wallet before = wallet.state;
    evolve(wallet.state, decoded->event);
    ++wallet.events;
    wallet.head = position;
    Step step{static_cast<WalletNo>(stream), decoded->event, before, wallet.state};
    for (auto& invariant : invariants_) note(invariant->after_event(step), position);
    if (auto movement = legs(decoded->event)) {
      accounts_[{movement->contra.account, movement->contra.currency}] += movement->contra.amount;
    }
  }
  void on_key(std::string_view key, uint64_t, std::string_view) override {
    keys_.emplace_back(hash64(key), at_.micros);
  }

  // No key twice within its life. Two keys of one hash would be an accident of one in 2^64 a pair.
  void check_keys(Duration life) {
    report_.keys = keys_.size();
    std::sort(keys_.begin(), keys_.end());
    for (size_t i = 1; i < keys_.size(); ++i) {
      if (keys_[i].first == keys_[i - 1].first && keys_[i].second - keys_[i - 1].second < life.micros) {
        violation("an idempotency key was applied twice (hash " + std::to_string(keys_[i].first) + ")");
      }
    }
  }

  void check_wallet(const NamedWallet& row) {
    auto found = wallets_.find(row.wallet.no);
    if (found == wallets_.end()) return violation("wallet " + row.id + " has no events");
    const Folded& folded = found->second;
    if (folded.state != row.wallet.state) {
      violation("wallet " + row.id + ": the table says balance=" + std::to_string(row.wallet.state.balance) +
                " held=" + std::to_string(row.wallet.state.held) +
                ", its events balance=" + std::to_string(folded.state.balance) +
                " held=" + std::to_string(folded.state.held) + " (minor units)");
    }
    if (folded.events != row.wallet.events || folded.head != row.wallet.head) {
      violation("wallet " + row.id + ": its history in the tables ends at position " +
                std::to_string(row.wallet.head) + ", its events at " + std::to_string(folded.head));
    }
    ++report_.wallets;
  }

  void check_totals(const std::vector<Account>& accounts) {
    for (const Account& account : accounts) {
      if (accounts_[{account.kind, account.currency}] != account.balance) {
        violation("the " + std::string(account.kind == AccountKind::kWorld ? "world" : "transit") +
                  " account of " + std::string(code_of(account.currency)) + " differs from the events");
      }
    }
    std::map<Currency, std::pair<Int128, Int128>> sums;
    for (const auto& [no, wallet] : wallets_) sums[wallet.state.currency].first += wallet.state.balance;
    for (const auto& [key, balance] : accounts_) sums[key.second].second += balance;
    for (const auto& [currency, sum] : sums) {
      if (sum.first + sum.second != 0)
        violation("balances of " + std::string(code_of(currency)) + " do not sum to zero");
      VerifyReport::Total total{std::string(code_of(currency)), {}, {}};
      append_fixed(total.wallets, static_cast<int64_t>(sum.first), currency);
      append_fixed(total.others, static_cast<int64_t>(sum.second), currency);
      report_.totals.push_back(std::move(total));
    }
    if (report_.wallets != wallets_.size()) violation("wallets are missing from the table");
  }

  void violation(std::string what) {
    if (report_.violations.size() < kMostViolations) report_.violations.push_back(std::move(what));
  }

 private:
  void note(const Violation& broken, uint64_t where) {
    if (broken) violation("at " + std::to_string(where) + ": " + *broken);
  }

  VerifyReport& report_;
  std::vector<std::unique_ptr<Invariant>> invariants_;
  std::unordered_map<uint64_t, Folded> wallets_;
  std::map<std::pair<AccountKind, Currency>, Int128> accounts_;
  std::vector<std::pair<uint64_t, int64_t>> keys_;
  Timestamp at_;
  Status status_;
};

Result<uint64_t> checkpoint_of(storage::Connection& connection) {
  uint64_t record = 0;
  DUCAT_TRY(connection.query("SELECT record FROM projection_checkpoint WHERE one = 1", {},
                             [&](const storage::Row& row) { record = static_cast<uint64_t>(row.int64(0)); }));
  return record;
}

}  // namespace

Result<VerifyReport> verify_shard(storage::Database& journal, storage::Database& tables, Duration key_life) {
  VerifyReport report;
  DUCAT_ASSIGN(auto connection, tables.connect(storage::Access::kReader));
  DUCAT_ASSIGN(auto snapshot, storage::Transaction::begin(*connection));
  if (tables.dialect() == storage::Dialect::kPostgres) {
    DUCAT_TRY(connection->execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"));
  }
  DUCAT_ASSIGN(report.up_to_record, checkpoint_of(*connection));

  Auditor auditor(report);
  DUCAT_ASSIGN(auto reader, kernel::JournalReader::open(journal));
  DUCAT_TRY(reader->read(0, [&](const kernel::Record& record) -> Status {
    return record.number <= report.up_to_record ? auditor.record(record) : Status{};
  }));
  constexpr int64_t kPage = 10'000;
  for (uint64_t after = 0;;) {
    DUCAT_ASSIGN(std::vector<NamedWallet> page, wallets_after(*connection, after, kPage));
    for (const NamedWallet& wallet : page) auditor.check_wallet(wallet);
    if (page.size() < kPage) break;
    after = page.back().wallet.no;
  }
  DUCAT_ASSIGN(std::vector<Account> accounts, all_accounts(*connection));
  auditor.check_totals(accounts);
  auditor.check_keys(key_life);
  return report;
}

}  // namespace ducat::wallet
