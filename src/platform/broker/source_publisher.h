// Sends a source to an external broker: what adapters use for Broker::feed. One batch after the other, each
// repeated until it is confirmed, so that the order holds and no message is passed over; the position that
// the source keeps follows what is confirmed, never what is sent.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "platform/broker/broker.h"

namespace ducat::broker {

// Messages that live until the last who needs them has let go: the adapter sends them while the publisher
// keeps them for the next attempt.
using Batch = std::shared_ptr<const std::vector<Message>>;
// Sends a batch and calls `done` once, on any thread, within the adapter's own limit of time. An error: a
// prefix of the batch may be there nevertheless.
using PublishBatch = std::function<void(Batch batch, std::function<void(Status)> done)>;

struct SourcePublisherOptions {
  size_t batch_messages = 1000;
  size_t batch_bytes = size_t{1} << 20;          // a batch is larger only if a single message is
  Duration first_pause = Duration::millis(100);  // after a failed attempt; doubles each time
  Duration longest_pause = Duration::seconds(30);
  Duration save_interval = Duration::millis(200);
  Duration stop_limit = Duration::seconds(5);  // how long `stop` waits for a batch under way
};

// Start once, stop once; the destructor stops. Source, timers and executor outlive it, the executor also
// every call of `done`. The executor is one that may block on disk and keeps the order; several publishers
// may share it. Failures are retried for ever, logged, and shown by `trouble`.
class SourcePublisher {
 public:
  // Messages go out on `stream`, whatever the source says.
  SourcePublisher(std::string stream, Source& source, Timers& timers, Executor& executor,
                  PublishBatch publish, SourcePublisherOptions options = {});
  ~SourcePublisher();
  SourcePublisher(const SourcePublisher&) = delete;
  SourcePublisher& operator=(const SourcePublisher&) = delete;

  // Asks the source where to go on; blocks.
  Status start();
  // Waits for the batch under way, for a limited time, and saves the position. Not on the executor. Blocks.
  void stop();
  // Tries at once what waits for its next attempt: the connection is back.
  void hurry();

  // Thread-safe.
  uint64_t unpublished() const;  // messages read and not confirmed
  uint64_t published() const;    // messages confirmed
  std::string trouble() const;   // of the last attempt, if it failed; else empty

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with timers and publishes under way
};

}  // namespace ducat::broker
