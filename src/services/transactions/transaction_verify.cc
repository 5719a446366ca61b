// See transaction_verify.h.
#include "services/transactions/transaction_verify.h"

#include <map>

#include "kernel/journal/journal.h"
#include "kernel/projection/projector.h"
#include "kernel/service/service_data.h"
#include "services/transactions/domain/invariants.h"
#include "services/transactions/store/event_codec.h"
#include "services/transactions/store/queries.h"

namespace ducat::transactions {
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

  void on_event(Position position, uint64_t, std::string_view body) override {
    if (!status_) return;
    Result<Event> event = decode(body);
    if (!event) {
      status_ = propagate(event);
      return;
    }
    ++report_.events;
    for (auto& invariant : invariants_) {
      if (Violation broken = invariant->after_event(*event)) {
        violation("at " + std::to_string(position) + ": " + *broken);
      }
    }
    if (const auto* proposed = std::get_if<ChangeProposed>(&*event)) {
      open[position] = proposed->correlation;
    } else if (auto* confirmed = std::get_if<ChangeConfirmed>(&*event)) {
      end(confirmed->correlation);
      versions[number_of(confirmed->after->id)].push_back(std::move(*confirmed));
    } else if (const auto* rolled_back = std::get_if<ChangeRolledBack>(&*event)) {
      end(rolled_back->correlation);
    } else if (const auto* purged = std::get_if<TransactionPurged>(&*event)) {
      versions.erase(number_of(purged->transaction));
    }
  }

  void on_key(std::string_view key, uint64_t, std::string_view) override {
    auto [used, fresh] = keys_.try_emplace(std::string(key), at_);
    if (!fresh && at_ - used->second < key_life_) violation("an idempotency key was applied twice");
    used->second = at_;
  }

  void violation(std::string what) {
    if (report_.violations.size() < kernel::kMostViolations) report_.violations.push_back(std::move(what));
  }

  std::map<Position, std::vector<ChangeConfirmed>> versions;
  std::map<Position, CorrelationId> open;

 private:
  void end(const CorrelationId& correlation) {
    std::erase_if(open, [&](const auto& each) { return each.second == correlation; });
  }

  VerifyReport& report_;
  const Duration key_life_;
  std::vector<std::unique_ptr<Invariant>> invariants_ = all_invariants();
  std::map<std::string, Timestamp> keys_;
  Timestamp at_;
  Status status_;
};

Status compare_versions(storage::Connection& connection, Refolded& refolded,
                        const std::vector<ChangeConfirmed>& expected) {
  const TransactionId id = expected.back().after->id;
  const std::string name = "transaction " + id.uuid.to_string();
  DUCAT_ASSIGN(std::vector<StoredVersion> rows, versions_of(connection, number_of(id), INT64_MAX, 0));
  if (rows.size() != expected.size()) {
    refolded.violation(name + " has " + std::to_string(rows.size()) + " versions in its table, not " +
                       std::to_string(expected.size()));
    return {};
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    const ChangeConfirmed& row = rows[rows.size() - 1 - i].confirmed;
    bool same = row.correlation == expected[i].correlation && row.change == expected[i].change &&
                row.audit_log_id == expected[i].audit_log_id && *row.after == *expected[i].after;
    if (!same) refolded.violation(name + " differs in version " + std::to_string(i + 1));
  }
  return {};
}

Status compare_transactions(storage::Connection& connection, Refolded& refolded, VerifyReport& report) {
  constexpr int64_t kPage = 10'000;
  for (Position after = 0;;) {
    DUCAT_ASSIGN(std::vector<TransactionRef> page, transactions_after(connection, after, kPage));
    for (const TransactionRef& row : page) {
      after = number_of(row->id);
      ++report.transactions;
      auto expected = refolded.versions.find(after);
      if (expected == refolded.versions.end()) {
        refolded.violation("transaction " + row->id.uuid.to_string() + " has no events");
        continue;
      }
      if (*expected->second.back().after != *row) {
        refolded.violation("transaction " + row->id.uuid.to_string() + " differs from its newest version");
      }
    }
    if (page.size() < static_cast<size_t>(kPage)) break;
  }
  if (report.transactions != refolded.versions.size()) {
    refolded.violation("the table has " + std::to_string(report.transactions) +
                       " transactions, the journal " + std::to_string(refolded.versions.size()));
  }
  return {};
}

Status compare_open(storage::Connection& connection, Refolded& refolded, VerifyReport& report) {
  DUCAT_ASSIGN(std::vector<StoredProposal> rows, open_proposals(connection));
  std::map<Position, CorrelationId> found;
  for (const StoredProposal& row : rows) found[row.position] = row.proposed.correlation;
  if (found != refolded.open)
    refolded.violation("the open changes of the table are not those of the journal");
  report.open = found.size();
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
  for (const auto& [number, versions] : refolded.versions) {
    DUCAT_TRY(compare_versions(*connection, refolded, versions));
    report.versions += versions.size();
  }
  DUCAT_TRY(compare_transactions(*connection, refolded, report));
  DUCAT_TRY(compare_open(*connection, refolded, report));
  return report;
}

}  // namespace ducat::transactions
