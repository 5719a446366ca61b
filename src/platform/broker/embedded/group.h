// A group of in-process delivery: reads the inputs of a stream, hands messages to the group's members, and
// knows how far the group has come.
//
// A message's key chooses the member, so that a key keeps its order as long as the members stay the same.
// What a member leaves unacknowledged is read again from its input: nothing is kept in memory but numbers.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "platform/broker/backoff.h"
#include "platform/broker/broker.h"
#include "platform/broker/embedded/message_log.h"
#include "platform/broker/embedded/window.h"

namespace ducat::broker {

// One subscription. The counters are the group's, under its lock.
struct Member {
  Member(Executor& on, OnDeliveries by, size_t most, uint32_t its_number)
      : executor(on), on_deliveries(std::move(by)), max_in_flight(most), number(its_number) {}

  Executor& executor;
  const OnDeliveries on_deliveries;
  const size_t max_in_flight;
  const uint32_t number;
  size_t in_flight = 0;
  size_t freed = 0;    // since the group stalled
  bool asked = false;  // a question whether to go on waits behind its work

  std::mutex running;  // held while it is called; the last call ends before it leaves
  bool alive = true;
};

// What groups share.
struct GroupPorts {
  Executor& deliver;  // may block on disk, keeps the order
  Timers& timers;
  std::atomic<uint64_t>& delivered;
  std::function<void()> position_moved;  // called often; must be quick
};

// Thread-safe unless it says otherwise. Lives until the broker has stopped, with or without members.
class Group {
 public:
  Group(std::string stream, std::string name, std::vector<std::string> types, GroupPorts ports);

  // Inputs are numbered in the order they are added; sources outlive `stop`.
  void add_input(Source& source, uint64_t position);
  // kInvalid if the members there are want other types.
  Result<std::shared_ptr<Member>> join(const SubscriptionOptions& options, Executor& executor,
                                       OnDeliveries on_deliveries);
  // Returns when the member is not called any more. What it has is handed to others.
  void leave(const std::shared_ptr<Member>& member);
  void acknowledge(Member& member, uint64_t tag);
  void reject(Member& member, uint64_t tag);

  // There may be something new.
  void wake();
  // Cancels what timers would bring; the deliver executor is drained afterwards.
  void stop();

  // Positions that differ from those saved; `saved` tells it what came of them.
  void collect_moved(std::vector<GroupPosition>& out) const;
  void saved(const GroupPosition& position);
  std::string trouble() const;

 private:
  struct Input {
    Input(Source& from, uint64_t position)
        : source(from), window(position), saved(position), read(position) {}
    Source& source;
    Window window;
    uint64_t saved;
    // Only the deliver executor:
    uint64_t read;                          // everything up to here has been read
    std::vector<Source::Numbered> pending;  // read, and not all handed out
    size_t next = 0;
  };
  struct Handing {
    std::shared_ptr<Member> member;
    std::vector<Delivery> deliveries;
  };

  void pump();
  bool advance(Input& input, size_t index);
  bool read_more(Input& input);
  bool hand_out(Input& input, size_t index);
  void hand_again(Input& input, size_t index);
  void hand_waiting(Input& input, size_t index, uint64_t sequence, Result<Message> message);
  void send();
  void retry_later(const Error& error);

  // Under the lock:
  size_t room() const;
  bool wants(const Message& message) const;
  Handing* handing_for(const Message& message);
  void freed(const std::shared_ptr<Member>& member);
  std::shared_ptr<Member> find(const Member& member) const;

  const std::string stream_;
  const std::string name_;
  const GroupPorts ports_;
  std::atomic<bool> scheduled_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> types_;
  std::vector<std::unique_ptr<Input>> inputs_;
  std::vector<Handing> members_;
  uint32_t last_member_ = 0;
  bool stalled_ = false;  // there is more than the members have room for
  bool stopped_ = false;
  Backoff pauses_;
  std::optional<Timers::Id> retry_timer_, reject_timer_;
  std::vector<std::pair<size_t, uint64_t>> rejected_;  // input and sequence, until their time has come
  std::string trouble_;
};

}  // namespace ducat::broker
