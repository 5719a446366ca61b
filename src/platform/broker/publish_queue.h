// What waits for a broker's confirmation: the queue between callers of Broker::publish and the one thread
// that talks to the server. It keeps the promise of broker.h whatever the connection does: messages go out in
// the order they came, at most a window of them unconfirmed, and after a lost connection everything that is
// not confirmed goes out again from the oldest on, so nothing is ever sent past a hole.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "platform/broker/broker.h"
#include "platform/broker/source_publisher.h"

namespace ducat::broker {

struct PublishLimits {
  size_t window = 1024;                   // messages sent and not confirmed
  size_t window_bytes = size_t{8} << 20;  // their bodies; one message is always allowed
  size_t waiting = 200'000;               // messages accepted and not confirmed
  size_t waiting_bytes = size_t{256} << 20;
  Duration time_limit = Duration::seconds(15);  // from `add` to the confirmation
};

// Thread-safe; `next`, `rewind`, `expire` and `wait` are for the one thread that sends. Lives longer than
// whoever calls `confirm`. Outcomes are posted, never called under the lock.
class PublishQueue {
 public:
  PublishQueue(PublishLimits limits, Clock& clock) : limits_(limits), clock_(clock), window_(limits.window) {}
  ~PublishQueue();

  // Messages of one call are confirmed together. `epoch`: of `epoch()`, for callers that must not go on after
  // a `fail_all`; 0 for those that do not mind. kFull: too much waits; kUnavailable: an old epoch;
  // kCancelled: closed.
  void add(Batch batch, Executor& executor, OnPublished done, uint64_t epoch = 0);
  // Everything waiting fails with `error`, and a new epoch begins.
  void fail_all(const Error& error);
  uint64_t epoch() const;
  // Everything waiting fails with kCancelled, and so does what is added later.
  void close();

  struct Send {
    const Message* message = nullptr;  // valid until the next call of `next`, `rewind`, `expire`; null: none
    uint64_t number = 0;               // what it is confirmed by; grows by one with each send
  };
  // The next message to send, in flight from now on; none if there is none or the window is full.
  Send next();
  bool has_next() const;
  // Whether it is in flight and not confirmed.
  bool is_open(uint64_t number) const;
  // No more than this in flight, and never more than the limit.
  void set_window(size_t messages);
  // The connection is lost, or something was refused that is to be tried again: whatever is not confirmed
  // is to be sent again, under new numbers. Confirmations of old numbers are ignored.
  void rewind();
  // The message is stored. In any order: what counts is the unbroken beginning.
  void confirm(uint64_t number);
  void confirm_until(uint64_t number);  // this one and all sent before it
  // The broker will not take this one: its call fails. What the call has sent after it stays in flight.
  void refuse(uint64_t number, Error error);
  // Calls whose time is over fail with kUnavailable and `trouble`.
  void expire(const std::string& trouble);

  // Called, from any thread, whenever `wait` would end: for a sender that waits for a socket instead. Set
  // before the first `add`; must not call back.
  void on_ready(std::function<void()> ready) { ready_ = std::move(ready); }
  // Waits until there is something to send, `wake`, `close` or `limit`.
  void wait(Duration limit);
  void wake();

  uint64_t confirmed() const;  // messages, in all
  size_t in_flight() const;
  size_t waiting() const;
  // When the oldest message in flight was sent or the last confirmation came, whichever is later; for
  // finding servers that do not answer.
  Timestamp quiet_since() const;

 private:
  struct Job {
    Batch messages;
    Executor* executor = nullptr;
    OnPublished done;
    Timestamp deadline;  // monotonic
    size_t sent = 0;
    size_t confirmed = 0;  // its first ones
    size_t bytes = 0;
  };
  struct Slot {
    std::shared_ptr<Job> job;  // none: its call has failed meanwhile
    size_t bytes = 0;
    bool confirmed = false;
  };

  bool can_send() const;
  void notify();
  void finish(Job& job, Status status);
  void drop(const std::shared_ptr<Job>& job, Error error);
  void settle();

  const PublishLimits limits_;
  Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Job>> jobs_;  // whose outcome is open, oldest first
  size_t sending_ = 0;                     // the first of jobs_ with something unsent
  std::deque<Slot> slots_;                 // in flight, oldest first
  uint64_t first_number_ = 1;              // of slots_.front()
  size_t window_;
  size_t window_bytes_ = 0;
  size_t waiting_ = 0;
  size_t waiting_bytes_ = 0;
  uint64_t confirmed_ = 0;
  uint64_t epoch_ = 1;
  Timestamp quiet_since_;
  std::shared_ptr<Job> last_sent_;  // keeps the message that `next` answered alive
  std::function<void()> ready_;
  bool woken_ = false;
  bool closed_ = false;
};

}  // namespace ducat::broker
