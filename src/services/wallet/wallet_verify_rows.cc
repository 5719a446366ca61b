// See wallet_verify_rows.h.
#include "services/wallet/wallet_verify_rows.h"

namespace ducat::wallet {

Status RowAuditor::after_event(Position position, uint64_t wallet, uint64_t seq, Timestamp at,
                               const Event& event) {
  if (seq % kMarkEvery == 0) DUCAT_TRY(check_mark({wallet, seq, position, at}));
  if (event.hold.none()) return {};
  if (event.type == EventType::kFundsHeld) {
    ++holds_;
    open_[event.hold] = {position,
                         event.hold,
                         wallet,
                         hold_placed_by(event),
                         event.at,
                         std::string(event.counterparty),
                         std::string(event.request_id),
                         {}};
    return {};
  }
  auto found = open_.find(event.hold);
  if (found == open_.end()) return {};  // an invariant says so
  StoredHold ended = std::move(found->second);
  open_.erase(found);
  evolve(ended.hold, event);
  ended.updated_at = event.at;
  ended.reason = event.reason;
  return check_hold(ended);
}

Status RowAuditor::finish() {
  for (const auto& [id, hold] : open_) DUCAT_TRY(check_hold(hold));
  DUCAT_ASSIGN(uint64_t holds, count_holds(tables_));
  if (holds != holds_) {
    violation_("the table has " + std::to_string(holds) + " holds, the events " + std::to_string(holds_));
  }
  DUCAT_ASSIGN(uint64_t marks, count_marks(tables_));
  if (marks != marks_) {
    violation_("the table has " + std::to_string(marks) + " marks, the events " + std::to_string(marks_));
  }
  return {};
}

Status RowAuditor::check_mark(const StoredMark& expected) {
  ++marks_;
  DUCAT_ASSIGN(std::optional<StoredMark> row, find_mark(tables_, expected.wallet, expected.seq));
  if (row && *row == expected) return {};
  violation_("the mark at event " + std::to_string(expected.position) +
             (row ? " differs in the table" : " is missing from the table"));
  return {};
}

Status RowAuditor::check_hold(const StoredHold& expected) {
  DUCAT_ASSIGN(std::optional<StoredHold> row, find_hold(tables_, expected.no));
  if (row && *row == expected) return {};
  violation_("hold " + expected.id.uuid.to_string() +
             (row ? " differs in the table" : " is missing from the table"));
  return {};
}

}  // namespace ducat::wallet
