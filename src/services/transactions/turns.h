// One change of a transaction at a time, in the order in which they came, so that each is judged on what the
// one before has made visible. A change that waits has no thread and no connection. Each user has a queue of
// his own for a transaction, so that a stranger neither holds it up nor notices whether there is one.
#pragma once

#include <coroutine>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "base/time.h"
#include "platform/runtime/executor.h"
#include "services/transactions/domain/types.h"

namespace ducat::transactions {

// Thread-safe. Turns end before it is destroyed.
class Turns {
 public:
  using Key = std::pair<TransactionId, std::string>;  // and the user

  // At most `waiting` of one user for one transaction at a time.
  explicit Turns(size_t waiting) : waiting_(waiting) {}

  // A place in the queue of a transaction; given back when destroyed. Lives in the coroutine's frame.
  class Turn {
   public:
    Turn(Turns& turns, Key key, Executor& home) : turns_(turns), key_(std::move(key)), home_(home) {}
    ~Turn() {
      if (mine_) turns_.leave(key_);
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    friend class Turns;
    Turns& turns_;
    const Key key_;
    Executor& home_;
    Timestamp deadline_;
    std::coroutine_handle<> handle_;
    bool mine_ = false;
  };

  // co_await turns.take(turn, deadline): true once it is its turn; false if too many wait already or the time
  // (monotonic) is over.
  auto take(Turn& turn, Timestamp deadline) {
    struct Awaiter {
      Turns& turns;
      Turn& turn;
      Timestamp deadline;
      bool await_ready() const noexcept { return false; }
      bool await_suspend(std::coroutine_handle<> caller) { return turns.enter(turn, deadline, caller); }
      bool await_resume() const noexcept { return turn.mine_; }
    };
    return Awaiter{*this, turn, deadline};
  }

  // Those whose time is over go on without a turn.
  void expire(Timestamp now);
  // Everybody does, and whoever comes later.
  void close();

 private:
  // True: it sleeps.
  bool enter(Turn& turn, Timestamp deadline, std::coroutine_handle<> handle);
  void leave(const Key& key);

  const size_t waiting_;
  std::mutex mutex_;
  std::map<Key, std::deque<Turn*>> queues_;  // there while somebody has the turn
  bool closed_ = false;
};

}  // namespace ducat::transactions
