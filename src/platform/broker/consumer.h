// What stands between a subscription and a service: keeps the order of each key, runs different keys at the
// same time, tries again with growing pauses, and puts aside what cannot be handled (dead letters), so that
// one bad message holds up nobody but its own key, and that for a limited time.
//
// A message put aside goes to the stream "<group>.dlq" with headers that say why, after how many attempts,
// and where it came from (dead_letters.h). `ducat messages redrive` moves such messages to "<group>.retry",
// which the consumer reads as well; no other group sees them again. There it has its own id again, so that
// the inbox knows it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "platform/broker/broker.h"
#include "platform/runtime/task.h"

namespace ducat::broker {

// Handles one message; it must be safe to call it again with the same one (the inbox), also while an earlier
// call of this process has not ended only if that call belongs to a subscription that is gone. OK: its effect
// is durable. A retryable error: try again. Any other: it never will work, put it aside. Runs on the
// consumer's executor; the message lives until the task has ended.
using Handler = std::function<Task<Status>(const Message& message, Executor& home)>;

struct ConsumerOptions {
  SubscriptionOptions subscription;
  Duration first_pause = Duration::seconds(1);  // before the second attempt; doubles each time
  Duration longest_pause = Duration::seconds(30);
  // Attempts after the first before a message is put aside; negative: as long as it takes, for effects that
  // somebody waits for and that only an outage can hold up. What is not retryable is put aside at once
  // anyway.
  int retries = 3;
  // Messages of one key one after the other, each only once the one before has taken effect: a busy key goes
  // no faster than the effects' commits. False: for effects whose order does not matter.
  bool keep_order = true;
  Clock* clock = nullptr;  // when a message was put aside; none: the machine's
};

struct ConsumerStats {
  uint64_t handled = 0;
  uint64_t retried = 0;
  uint64_t dead = 0;
  uint64_t in_flight = 0;
  std::string trouble;  // of the last attempt that failed, while it is not handled; empty: none
};

// Consumes from its start to the end of `stop`, which waits for the handlers that run (they must have limits
// of their own). `stats` is thread-safe. The executor must keep the order and outlive it; the timers end
// before the executor.
class Consumer {
 public:
  Consumer(Broker& broker, Timers& timers, Executor& executor, ConsumerOptions options, Handler handler);
  ~Consumer();
  Status start();
  void stop(Work done);  // `done` on the executor
  ConsumerStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ducat::broker
