// The auditor's part for the tables beside wallets and events: holds, and the marks in histories.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "services/wallet/store/queries.h"

namespace ducat::wallet {

// Fed with every event in the journal's order; compares each row once what it must say is known for good: a
// mark at its event, a hold at its end, those that are open at the end of all. So it keeps in memory only the
// open ones. One thread. Errors: a table cannot be read.
class RowAuditor {
 public:
  using OnViolation = std::function<void(std::string)>;
  RowAuditor(storage::Connection& tables, OnViolation violation)
      : tables_(tables), violation_(std::move(violation)) {}

  // `seq` counts the wallet's events from 1.
  Status after_event(Position position, uint64_t wallet, uint64_t seq, Timestamp at, const Event& event);
  // After the last event.
  Status finish();

 private:
  Status check_mark(const StoredMark& expected);
  Status check_hold(const StoredHold& expected);

  storage::Connection& tables_;
  OnViolation violation_;
  std::map<HoldId, StoredHold> open_;
  uint64_t holds_ = 0;
  uint64_t marks_ = 0;
};

}  // namespace ducat::wallet
