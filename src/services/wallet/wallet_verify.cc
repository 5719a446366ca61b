// Refolding; see wallet_verify.h.
#include "services/wallet/wallet_verify.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/hash.h"
#include "kernel/journal/journal.h"
#include "kernel/projection/projector.h"
#include "kernel/service/service_data.h"
#include "services/wallet/domain/invariants.h"
#include "services/wallet/store/event_codec.h"
#include "services/wallet/store/queries.h"
#include "services/wallet/wallet_verify_rows.h"

namespace ducat::wallet {
namespace {

struct Folded {
  Wallet state;
  uint64_t events = 0;
  Position head = 0;
};

// The table's events in the order of their positions, a page at a time.
class EventRows {
 public:
  explicit EventRows(storage::Connection& connection) : connection_(connection) {}

  // The next one that has not been taken; null at the end.
  Result<const StoredEvent*> peek() {
    constexpr int64_t kPage = 2'000;
    if (at_ == page_.size() && !ended_) {
      DUCAT_ASSIGN(page_, events_after(connection_, last_, kPage));
      at_ = 0;
      ended_ = page_.empty();
      if (!ended_) last_ = page_.back().position;
    }
    return at_ < page_.size() ? &page_[at_] : nullptr;
  }
  void take() { ++at_; }

 private:
  storage::Connection& connection_;
  std::vector<StoredEvent> page_;
  size_t at_ = 0;
  Position last_ = 0;
  bool ended_ = false;
};

class Auditor final : public kernel::RecordVisitor {
 public:
  Auditor(VerifyReport& report, storage::Connection& tables)
      : report_(report),
        rows_(tables),
        side_rows_(tables, [this](std::string what) { violation(std::move(what)); }),
        invariants_(all_invariants()) {}

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
    StoredEvent expected{position, stream, wallet.events, wallet.head, at_, std::string(body)};
    Status read = check_row(expected);
    if (read) read = side_rows_.after_event(position, stream, wallet.events, at_, decoded->event);
    if (!read) status_ = std::move(read);
    wallet.head = position;
    Step step{static_cast<WalletNo>(stream), decoded->event, before, wallet.state};
    for (auto& invariant : invariants_) note(invariant->after_event(step), position);
    if (auto movement = legs(decoded->event)) {
      accounts_[{movement->contra.account, movement->contra.currency}] += movement->contra.amount;
    }
  }
  void on_key(std::string_view key, uint64_t, std::string_view answer) override {
    keys_.push_back({hash64(key), at_, answer.empty()});
  }

  // The tables have nothing that the journal has not.
  Status check_no_more_rows() {
    for (;;) {
      DUCAT_ASSIGN(const StoredEvent* row, rows_.peek());
      if (row == nullptr) return side_rows_.finish();
      violation("the table has an event " + std::to_string(row->position) + " that the journal has not");
      rows_.take();
    }
  }

  // No key twice within its life, unless it was given back. Two keys of one hash would be an accident of one
  // in 2^64 a pair.
  void check_keys(Duration life) {
    report_.keys = keys_.size();
    std::stable_sort(keys_.begin(), keys_.end(),
                     [](const KeyUse& a, const KeyUse& b) { return a.hash < b.hash; });
    for (size_t i = 1; i < keys_.size(); ++i) {
      const KeyUse& before = keys_[i - 1];
      if (keys_[i].hash != before.hash || keys_[i].given_back || before.given_back) continue;
      if (keys_[i].at - before.at < life) {
        violation("an idempotency key was applied twice (hash " + std::to_string(before.hash) + ")");
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
    if (report_.violations.size() < kernel::kMostViolations) report_.violations.push_back(std::move(what));
  }

 private:
  // The table's row of this event is as the journal says.
  Status check_row(const StoredEvent& expected) {
    for (;;) {
      DUCAT_ASSIGN(const StoredEvent* row, rows_.peek());
      if (row == nullptr || row->position > expected.position) {
        violation("event " + std::to_string(expected.position) + " is missing from the table");
        return {};
      }
      rows_.take();
      if (row->position == expected.position) {
        if (*row != expected) violation("event " + std::to_string(row->position) + " differs in the table");
        return {};
      }
      violation("the table has an event " + std::to_string(row->position) + " that the journal has not");
    }
  }
  void note(const Violation& broken, uint64_t where) {
    if (broken) violation("at " + std::to_string(where) + ": " + *broken);
  }

  struct KeyUse {
    uint64_t hash = 0;
    Timestamp at;
    bool given_back = false;
  };

  VerifyReport& report_;
  EventRows rows_;
  RowAuditor side_rows_;
  std::vector<std::unique_ptr<Invariant>> invariants_;
  std::unordered_map<uint64_t, Folded> wallets_;
  std::map<std::pair<AccountKind, Currency>, Int128> accounts_;
  std::vector<KeyUse> keys_;  // in the journal's order
  Timestamp at_;
  Status status_;
};

// Every wallet of the page is what its id leads to.
Status check_names(storage::Connection& connection, const std::vector<NamedWallet>& page, Auditor& auditor) {
  std::vector<std::string_view> ids;
  for (const NamedWallet& wallet : page) ids.push_back(wallet.id);
  DUCAT_ASSIGN(std::vector<NamedWallet> named, find_wallets(connection, ids));
  std::unordered_set<uint64_t> found;
  for (const NamedWallet& wallet : named) found.insert(wallet.wallet.no);
  for (const NamedWallet& wallet : page) {
    if (!found.contains(wallet.wallet.no))
      auditor.violation("wallet " + wallet.id + " is not found by its name");
  }
  return {};
}

}  // namespace

Result<VerifyReport> verify_shard(storage::Database& journal, storage::Database& tables, Duration key_life) {
  VerifyReport report;
  DUCAT_ASSIGN(auto connection, tables.connect(storage::Access::kReader));
  DUCAT_ASSIGN(auto snapshot, storage::Transaction::begin(*connection));
  Auditor auditor(report, *connection);
  auto record = [&](const kernel::Record& one) { return auditor.record(one); };
  DUCAT_ASSIGN(report.up_to_record, kernel::read_as_far_as_tables(journal, *connection, record));
  DUCAT_TRY(auditor.check_no_more_rows());
  constexpr int64_t kPage = 10'000;
  for (uint64_t after = 0;;) {
    DUCAT_ASSIGN(std::vector<NamedWallet> page, wallets_after(*connection, after, kPage));
    for (const NamedWallet& wallet : page) auditor.check_wallet(wallet);
    DUCAT_TRY(check_names(*connection, page, auditor));
    if (page.size() < kPage) break;
    after = page.back().wallet.no;
  }
  DUCAT_ASSIGN(std::vector<Account> accounts, all_accounts(*connection));
  auditor.check_totals(accounts);
  auditor.check_keys(key_life);
  return report;
}

}  // namespace ducat::wallet
