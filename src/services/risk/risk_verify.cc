// See risk_verify.h.
#include "services/risk/risk_verify.h"

#include <map>
#include <set>

#include "kernel/journal/journal.h"
#include "kernel/projection/projector.h"
#include "kernel/service/service_data.h"
#include "services/risk/risk_model.h"
#include "services/risk/store/tables.h"

namespace ducat::risk {
namespace {

// What the journal's events come to.
class Refolded final : public kernel::RecordVisitor {
 public:
  Refolded(VerifyReport& report, Duration key_life) : report_(report), key_life_(key_life) {}

  Status record(const kernel::Record& record) {
    at_ = record.at;
    ++report_.records;
    DUCAT_TRY(kernel::visit(record, *this));
    return std::move(status_);
  }

  void on_event(kernel::Position position, uint64_t, std::string_view body) override {
    if (!status_) return;
    Result<Event> event = decode(body);
    if (!event) {
      status_ = propagate(event);
      return;
    }
    ++report_.events;
    std::visit([&](const auto& one) { fold(position, one); }, *event);
  }

  void on_key(std::string_view key, uint64_t, std::string_view) override {
    auto [used, fresh] = keys_.try_emplace(std::string(key), at_);
    if (!fresh && at_ - used->second < key_life_) violation("an idempotency key was applied twice");
    used->second = at_;
  }

  void violation(std::string what) {
    if (report_.violations.size() < kernel::kMostViolations) report_.violations.push_back(std::move(what));
  }

  std::map<std::string, History> wallets;
  std::map<kernel::Position, Alert> alerts;

 private:
  void fold(kernel::Position, const Moved& event) {
    evolve(wallets[event.wallet_id], event.movement, event.memory);
  }

  void fold(kernel::Position position, const AlertOpened& event) {
    if (!pending_.emplace(event.wallet_id, event.rule).second) {
      violation("at " + std::to_string(position) + ": wallet " + event.wallet_id +
                " has an open alert of rule " + event.rule + " already");
    }
    Alert& alert = alerts[position];
    alert.id = make_alert_id(at_, position);
    alert.wallet_id = event.wallet_id;
    alert.rule = event.rule;
    alert.details = event.details;
    alert.shadow = event.shadow;
    alert.created_at = alert.updated_at = at_;
  }

  void fold(kernel::Position position, const AlertChanged& event) {
    auto found = alerts.find(event.alert);
    if (judge_change(found == alerts.end() ? nullptr : &found->second) != AlertRefusal::kNone) {
      violation("at " + std::to_string(position) + ": an alert changes that is closed or was never opened");
      return;
    }
    Alert& alert = found->second;
    alert.status = event.status;
    if (!event.note.empty()) alert.note = event.note;
    alert.updated_at = at_;
    if (event.status == AlertStatus::kClosed) pending_.erase({alert.wallet_id, alert.rule});
  }

  VerifyReport& report_;
  const Duration key_life_;
  std::set<std::pair<std::string, std::string>> pending_;  // wallet and rule
  std::map<std::string, Timestamp> keys_;
  Timestamp at_;
  Status status_;
};

// Every row against what was refolded, which is used up; what is left then has no row.
Status compare_wallets(storage::Connection& tables, Refolded& refolded, VerifyReport& report) {
  DUCAT_TRY(for_each_history(tables, [&](std::string_view wallet_id, Result<History> row) {
    ++report.wallets;
    const std::string name = "wallet " + std::string(wallet_id);
    auto expected = refolded.wallets.find(std::string(wallet_id));
    if (!row) {
      refolded.violation(name + " cannot be read: " + row.error().message);
    } else if (expected == refolded.wallets.end()) {
      refolded.violation(name + " has a history and no events");
    } else if (*row != expected->second) {
      refolded.violation(name + " has another history in the table");
    }
    if (expected != refolded.wallets.end()) refolded.wallets.erase(expected);
  }));
  for (const auto& [wallet_id, history] : refolded.wallets) {
    refolded.violation("wallet " + wallet_id + " is missing from the table");
  }
  return {};
}

Status compare_alerts(storage::Connection& tables, Refolded& refolded, VerifyReport& report) {
  DUCAT_TRY(for_each_alert(tables, [&](const StoredAlert& row) {
    ++report.alerts;
    const std::string name = "alert " + std::to_string(row.no);
    auto expected = refolded.alerts.find(row.no);
    if (expected == refolded.alerts.end()) {
      refolded.violation(name + " has no events");
      return;
    }
    if (row.alert != expected->second) refolded.violation(name + " differs in the table");
    refolded.alerts.erase(expected);
  }));
  for (const auto& [no, alert] : refolded.alerts) {
    refolded.violation("alert " + std::to_string(no) + " is missing from the table");
  }
  return {};
}

}  // namespace

Result<VerifyReport> verify_journal(storage::Database& journal, storage::Database& tables,
                                    Duration key_life) {
  VerifyReport report;
  DUCAT_ASSIGN(auto connection, tables.connect(storage::Access::kReader));
  DUCAT_ASSIGN(auto snapshot, storage::Transaction::begin(*connection));
  Refolded refolded(report, key_life);
  auto record = [&](const kernel::Record& one) { return refolded.record(one); };
  DUCAT_TRY(kernel::read_as_far_as_tables(journal, *connection, record));
  DUCAT_TRY(compare_wallets(*connection, refolded, report));
  DUCAT_TRY(compare_alerts(*connection, refolded, report));
  return report;
}

}  // namespace ducat::risk
