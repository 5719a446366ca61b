// See invariants.h.
#include "services/transactions/domain/invariants.h"

namespace ducat::transactions {
namespace {

std::string about(const CorrelationId& correlation, std::string_view what) {
  return "change " + correlation.uuid.to_string() + " " + std::string(what);
}

std::string about(const TransactionId& transaction, std::string_view what) {
  return "transaction " + transaction.uuid.to_string() + " " + std::string(what);
}

}  // namespace

Violation VisibleIsConfirmed::after_event(const Event& event) {
  if (const auto* proposed = std::get_if<ChangeProposed>(&event)) {
    open_[proposed->correlation] = {proposed->change, proposed->after};
    if (!seen_.insert(proposed->correlation).second)
      return about(proposed->correlation, "was proposed twice");
    return std::nullopt;
  }
  if (const auto* confirmed = std::get_if<ChangeConfirmed>(&event)) {
    auto found = open_.extract(confirmed->correlation);
    if (!found) return about(confirmed->correlation, "was confirmed and was not open");
    if (found.mapped().change != confirmed->change || *found.mapped().after != *confirmed->after) {
      return about(confirmed->correlation, "was confirmed as something else than was proposed");
    }
    return std::nullopt;
  }
  if (const auto* rolled_back = std::get_if<ChangeRolledBack>(&event)) {
    auto found = open_.extract(rolled_back->correlation);
    if (!found) return about(rolled_back->correlation, "was rolled back and was not open");
    if (found.mapped().after->id != rolled_back->transaction) {
      return about(rolled_back->correlation, "was rolled back for another transaction");
    }
  }
  return std::nullopt;
}

Violation VersionsWithoutGaps::after_event(const Event& event) {
  if (const auto* proposed = std::get_if<ChangeProposed>(&event)) {
    auto found = visible_.find(proposed->after->id);
    bool exists = found != visible_.end();
    if ((proposed->change == Change::kCreate) == exists)
      return about(proposed->after->id, exists ? "is created twice" : "is changed before it is");
    if (!exists) return std::nullopt;
    if (proposed->before == nullptr || *proposed->before != *found->second) {
      return about(proposed->after->id, "is changed from a version that is not its newest");
    }
    return std::nullopt;
  }
  if (const auto* confirmed = std::get_if<ChangeConfirmed>(&event)) {
    TransactionRef& visible = visible_[confirmed->after->id];
    uint64_t expected = visible == nullptr ? 1 : visible->version + 1;
    visible = confirmed->after;
    if (confirmed->after->version != expected) {
      return about(confirmed->after->id, "got version " + std::to_string(confirmed->after->version) +
                                             ", not " + std::to_string(expected));
    }
    return std::nullopt;
  }
  if (const auto* purged = std::get_if<TransactionPurged>(&event)) {
    auto found = visible_.extract(purged->transaction);
    if (!found || !found.mapped()->deleted_at) return about(purged->transaction, "is purged and not deleted");
  }
  return std::nullopt;
}

Violation OneOpenProposal::after_event(const Event& event) {
  if (const auto* proposed = std::get_if<ChangeProposed>(&event)) {
    if (!open_.emplace(proposed->after->id, proposed->correlation).second) {
      return about(proposed->after->id, "has two open changes");
    }
  } else if (const auto* confirmed = std::get_if<ChangeConfirmed>(&event)) {
    open_.erase(confirmed->after->id);
  } else if (const auto* rolled_back = std::get_if<ChangeRolledBack>(&event)) {
    open_.erase(rolled_back->transaction);
  } else if (const auto* purged = std::get_if<TransactionPurged>(&event)) {
    if (open_.contains(purged->transaction)) {
      return about(purged->transaction, "is purged with an open change");
    }
  }
  return std::nullopt;
}

Violation EveryVersionIsAudited::after_event(const Event& event) {
  const auto* confirmed = std::get_if<ChangeConfirmed>(&event);
  if (confirmed == nullptr) return std::nullopt;
  if (confirmed->audit_log_id.empty())
    return about(confirmed->correlation, "is visible without an audit record");
  if (!records_.insert(confirmed->audit_log_id).second) {
    return about(confirmed->correlation, "shares its audit record with another change");
  }
  return std::nullopt;
}

std::vector<std::unique_ptr<Invariant>> all_invariants() {
  std::vector<std::unique_ptr<Invariant>> all;
  all.push_back(std::make_unique<VisibleIsConfirmed>());
  all.push_back(std::make_unique<VersionsWithoutGaps>());
  all.push_back(std::make_unique<OneOpenProposal>());
  all.push_back(std::make_unique<EveryVersionIsAudited>());
  return all;
}

}  // namespace ducat::transactions
