// What the clients of transactions asked for, were told and have read, and whether it can have been true.
// Judges by what is durable in the journals (promise_watch.h) and by nothing of the code under test.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "services/transactions/transaction_service.h"
#include "sim/scenarios/promise_watch.h"

namespace ducat::sim {

// A change as its client remembers it.
struct PromiseAsk {
  enum class Kind { kCreate, kUpdate, kDelete, kRestore };
  Kind kind = Kind::kCreate;
  std::string user;
  transactions::TransactionId id;  // of all but a create
  int64_t amount = 0;              // cents; of a create and an update
  bool operator==(const PromiseAsk&) const = default;
};

uint64_t fingerprint_of(const PromiseAsk& ask);
transactions::Command command_of(const PromiseAsk& ask);

struct PromiseTold {
  PromiseAsk ask;
  int attempts = 0;
  bool acknowledged = false;
};

// One request: its own payload, and what was known when it was sent.
struct PromiseAttempt {
  std::string name;  // no two have the same
  std::string key;
  PromiseAsk ask;
  bool acknowledged_before = false;
};

// How many states of a transaction its readers know to have been; a read that begins later sees none before.
using PromiseFloor = std::map<transactions::TransactionId, size_t>;

// Survives crashes. One thread. Errors are broken promises.
class PromiseBook {
 public:
  explicit PromiseBook(const PromiseWatch& watch) : watch_(watch) {}

  // A new key's first attempt, or a repeat, possibly with another payload.
  PromiseAttempt ask(const PromiseAsk& ask);
  PromiseAttempt repeat(const std::string& key, const PromiseAsk& with);
  const std::map<std::string, PromiseTold>& told() const { return told_; }
  const PromiseFloor& floor() const { return floor_; }
  // Whose transactions clients know.
  const std::vector<std::pair<transactions::TransactionId, std::string>>& known() const { return known_; }

  Status answered(const PromiseAttempt& attempt, const transactions::ChangeOutcome& outcome);
  // A single read by its owner, which began at this floor. Null: there was none to be seen.
  Status read(const transactions::TransactionId& id, const PromiseFloor& floor,
              const transactions::TransactionRef& found);
  // All of a user's transactions that are to be seen.
  Status read_list(const std::string& user, const PromiseFloor& floor,
                   const std::vector<transactions::TransactionRef>& found);

 private:
  Status done(const PromiseAttempt& attempt, const WatchedChange* change,
              const transactions::TransactionRef& answer);
  // The state that it is, counted from 1; 0: it never was, or only before `from`.
  size_t state_of(const transactions::TransactionRef& found, size_t from) const;
  bool may_be_hidden(const transactions::TransactionId& id, size_t from) const;

  const PromiseWatch& watch_;
  std::map<std::string, PromiseTold> told_;
  PromiseFloor floor_;
  std::vector<std::pair<transactions::TransactionId, std::string>> known_;
};

}  // namespace ducat::sim
