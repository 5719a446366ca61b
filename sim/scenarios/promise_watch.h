// Reads over the shoulder of two services: folds every record of their journals once it is durable, before
// anybody is told of it, and says at once when the promise between them is broken. Owes nothing to the rules
// and tables under test; it reads events.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kernel/journal/journal_feed.h"
#include "services/audit/domain/record.h"
#include "services/transactions/domain/events.h"

namespace ducat::sim {

// A proposed change and what has become of it.
struct WatchedChange {
  enum class State { kOpen, kConfirmed, kRolledBack };
  State state = State::kOpen;
  std::string attempt;  // which request has proposed it
  std::string key;
  transactions::TransactionRef after;
  Timestamp deadline;        // from then on it may be rolled back
  std::string audit_log_id;  // once it is confirmed
};

// A record of the audit log.
struct WatchedRecord {
  std::string id, correlation, entity;
  audit::RecordStatus recorded = audit::RecordStatus::kSuccess;
  bool rolled_back = false;
  bool counts() const { return recorded == audit::RecordStatus::kSuccess && !rolled_back; }
};

// Survives the services' lives. One thread. What it finds broken stays found.
class PromiseWatch {
 public:
  // A journal from its beginning, at a life's start: what was durable before must be there, and the same.
  class Follower {
   public:
    enum class Of { kTransactions, kAudit };
    Follower(PromiseWatch& watch, Of of) : watch_(watch), of_(of) {}
    // Folds what is new. An error: it could not be read now.
    Status follow(kernel::JournalFeed& feed);
    // Once a life has started and follows: nothing that was durable is gone.
    Status is_complete() const;

   private:
    PromiseWatch& watch_;
    const Of of_;
    kernel::RecordNumber reached_ = 0;
  };

  const std::optional<std::string>& broken() const { return broken_; }
  void found_broken(std::string what) {
    if (!broken_) broken_ = std::move(what);
  }

  // The confirmed versions of a transaction, oldest first; a null one at the end if it was purged.
  const std::vector<transactions::TransactionRef>& versions(const transactions::TransactionId& id) const;
  const std::map<transactions::TransactionId, std::vector<transactions::TransactionRef>>& all() const {
    return versions_;
  }
  // What this request has proposed; null: nothing.
  const WatchedChange* proposed_by(const std::string& attempt) const;
  // The confirmed change with this key; null: there is none.
  const WatchedChange* confirmed_with(const std::string& key) const;
  const std::map<std::string, WatchedChange>& changes() const { return changes_; }

  // What is not settled yet, or wrong for good: open changes, records without their visible change and the
  // other way round. Nothing: the two services agree.
  std::optional<std::string> unsettled() const;
  // Whether a change is open whose deadline was before that time.
  std::optional<std::string> overdue(Timestamp time) const;

 private:
  struct Folder;
  struct Known {
    std::vector<uint64_t> checksums;  // of the durable records, from the first on
  };

  void transactions_event(std::string_view body);
  void audit_event(std::string_view body);
  void on(const transactions::ChangeProposed& event);
  void on(const transactions::ChangeConfirmed& event);
  void on(const transactions::ChangeRolledBack& event);
  void on(const transactions::TransactionPurged& event);

  Known known_[2];
  std::map<std::string, WatchedChange> changes_;      // by correlation id
  std::map<std::string, std::string> by_attempt_;     // correlation ids
  std::map<std::string, std::string> confirmed_key_;  // correlation ids
  std::map<transactions::TransactionId, std::vector<transactions::TransactionRef>> versions_;
  std::map<std::string, WatchedRecord> records_;               // by id
  std::map<std::string, std::vector<std::string>> record_of_;  // ids, by correlation id
  std::set<std::string> rolled_back_;                          // correlation ids, in the audit log
  std::optional<std::string> broken_;
};

}  // namespace ducat::sim
