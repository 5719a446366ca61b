// Requests that wait for the outcome of an open change, by its correlation id: the one that proposed it, and
// those that can go on only after it. All share one subscription to the audit service's answers; whoever
// decides on a change tells this table, and it resumes them. A waiting request costs its coroutine's frame
// and an entry here: no thread, no connection.
#pragma once

#include <coroutine>
#include <deque>
#include <map>
#include <mutex>
#include <vector>

#include "platform/runtime/executor.h"
#include "services/transactions/domain/outcomes.h"

namespace ducat::transactions {

enum class OutcomeKind : uint8_t {
  kConfirmed,   // visible
  kRolledBack,  // it will never be
  kTooLate,     // this request's own time is over; the change is still open
  kStopping,    // the service ends
};

struct Outcome {
  OutcomeKind kind = OutcomeKind::kStopping;
  TransactionRef transaction;  // kConfirmed
};

// Thread-safe. The waiters' frames end before it is destroyed.
class OpenRequests {
 public:
  // A place in the table. Lives in the waiting coroutine's frame; it is left when destroyed.
  class Waiter {
   public:
    // Before the change can be decided, so that no outcome is missed. `owner`: when its time is over the
    // change is to be rolled back (`overdue`); others just give up.
    Waiter(OpenRequests& table, const CorrelationId& correlation, Executor& home, bool owner);
    ~Waiter();
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

   private:
    friend class OpenRequests;
    OpenRequests& table_;
    const CorrelationId correlation_;
    Executor& home_;
    const bool owner_;
    bool resolved_ = false;
    Timestamp deadline_{INT64_MAX};
    std::coroutine_handle<> handle_;
    Outcome outcome_;
  };

  // co_await table.wait(waiter, deadline): the outcome, on the waiter's home. `deadline` is monotonic.
  auto wait(Waiter& waiter, Timestamp deadline) {
    struct Awaiter {
      OpenRequests& table;
      Waiter& waiter;
      Timestamp deadline;
      bool await_ready() const noexcept { return false; }
      bool await_suspend(std::coroutine_handle<> caller) { return table.park(waiter, deadline, caller); }
      Outcome await_resume() noexcept { return std::move(waiter.outcome_); }
    };
    return Awaiter{*this, waiter, deadline};
  }

  // The change has been decided, durably.
  void resolve(const CorrelationId& correlation, const Outcome& outcome);
  // The changes whose owners' time is over, each once; others whose time is over are resumed. `now` is
  // monotonic.
  std::vector<CorrelationId> overdue(Timestamp now);
  // Resumes everybody with kStopping, and whoever comes later at once.
  void close();
  size_t size() const;

 private:
  struct Timed {
    Timestamp deadline;
    CorrelationId correlation;
  };

  bool park(Waiter& waiter, Timestamp deadline, std::coroutine_handle<> handle);
  // Under the lock: it has its outcome. True: it sleeps, and is to be resumed.
  static bool settle(Waiter& waiter, const Outcome& outcome);

  mutable std::mutex mutex_;
  std::map<CorrelationId, std::vector<Waiter*>> waiters_;
  std::deque<Timed> owners_;  // as they came, which is almost by deadline; may hold some that have gone
  std::vector<Waiter*> others_;
  bool closed_ = false;
};

}  // namespace ducat::transactions
