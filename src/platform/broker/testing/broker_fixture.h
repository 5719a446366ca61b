// What the contract suite (broker_contract.h) needs of an adapter, and the instruments it measures with: an
// inbox that writes down every delivery, and a source in memory.
//
//   class NatsFixture final : public BrokerFixture { … };
//   INSTANTIATE_TEST_SUITE_P(Nats, BrokerContract, ::testing::Values(make_nats_fixture));
//
// A fixture is made for each test; a server that is slow to start is best shared by the test program, as the
// suite names its streams so that no two tests meet.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "platform/broker/broker.h"

namespace ducat::broker::testing {

class BrokerFixture {
 public:
  virtual ~BrokerFixture() = default;
  // A client of the server, as a new process would make it, not started. Those it made before have stopped,
  // or live on beside it.
  virtual std::unique_ptr<Broker> make() = 0;

  // False for RabbitMQ: a group gets what is published after it has subscribed for the first time.
  virtual bool keeps_for_later_groups() const { return true; }
  // False for in-process delivery: the tests of a server's failures are skipped.
  virtual bool has_server() const { return true; }
  // Ends the server without a word (SIGKILL); returns when it has gone.
  virtual void kill_server() {}
  // Starts it again at the same address with the data it had; returns when it answers.
  virtual Status restart_server() { return {}; }

  // How long a wait may take before the test fails. Redelivery after a crash, and a client that finds its
  // server again, are the slowest.
  virtual Duration patience() const { return Duration::seconds(60); }
};

// Null: there is no such server here; the test is skipped.
using MakeBrokerFixture = std::unique_ptr<BrokerFixture> (*)();

// True where a missing server is a failure and no reason to skip: in CI (CI=true).
inline bool server_required() {
  const char* ci = std::getenv("CI");
  return ci != nullptr && std::string_view(ci) == "true";
}

// Deliveries of one subscription, written down as they come. What it does with each is the test's choice.
// Thread-safe; ends the subscription when destroyed.
class Inbox {
 public:
  enum class Mode { kAcknowledge, kKeep };

  Inbox(Broker& broker, SubscriptionOptions options, Mode mode, Duration patience)
      : mode_(mode), patience_(patience) {
    auto made = broker.subscribe(std::move(options), executor_,
                                 [this](std::vector<Delivery> deliveries) { take(std::move(deliveries)); });
    if (!made) {
      ADD_FAILURE() << "subscribe: " << made.error().message;
      return;
    }
    std::lock_guard lock(mutex_);
    subscription_ = std::move(*made);
    if (mode_ == Mode::kAcknowledge) acknowledge_kept();
  }
  ~Inbox() { close(); }
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // As a consumer that dies: what it holds is not acknowledged.
  void close() {
    std::unique_ptr<Subscription> ending;
    {
      std::lock_guard lock(mutex_);
      ending = std::move(subscription_);
    }
    ending.reset();
  }
  // Acknowledges what is held, and from now on everything as it comes.
  void acknowledge_all() {
    std::lock_guard lock(mutex_);
    mode_ = Mode::kAcknowledge;
    acknowledge_kept();
  }
  // Acknowledges the oldest that is held; false if nothing is.
  bool acknowledge_one() {
    std::lock_guard lock(mutex_);
    if (kept_.empty() || !subscription_) return false;
    subscription_->acknowledge(kept_.front());
    kept_.erase(kept_.begin());
    return true;
  }
  void acknowledge(uint64_t tag) { settle(tag, true); }
  void reject(uint64_t tag) { settle(tag, false); }

  // Waits until the condition holds of what has come so far; false when the time is over.
  template <typename Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    auto give_up = std::chrono::steady_clock::now() + std::chrono::microseconds(patience_.micros);
    return changed_.wait_until(lock, give_up, [&] { return condition(got_); });
  }
  bool wait_for(size_t distinct) {
    return wait([&](const auto&) { return ids_.size() >= distinct; });
  }
  bool wait_for(const std::string& id) {
    return wait([&](const auto&) { return ids_.contains(id); });
  }
  template <typename Ids>
  bool wait_for_all(const Ids& wanted) {
    return wait([&](const auto&) {
      return std::all_of(wanted.begin(), wanted.end(), [&](const auto& id) { return ids_.contains(id); });
    });
  }

  std::vector<Delivery> got() const {
    std::lock_guard lock(mutex_);
    return got_;
  }
  std::set<std::string> ids() const {
    std::lock_guard lock(mutex_);
    return ids_;
  }
  size_t most_held() const {
    std::lock_guard lock(mutex_);
    return most_held_;
  }
  // The ids of each key in the order they first came: repeats are allowed anywhere.
  std::map<std::string, std::vector<std::string>> first_of_each_key() const {
    std::lock_guard lock(mutex_);
    std::map<std::string, std::vector<std::string>> found;
    std::set<std::string> seen;
    for (const Delivery& delivery : got_) {
      if (seen.insert(delivery.message.id).second) found[delivery.message.key].push_back(delivery.message.id);
    }
    return found;
  }

 private:
  void take(std::vector<Delivery> deliveries) {
    std::lock_guard lock(mutex_);
    for (Delivery& delivery : deliveries) {
      kept_.push_back(delivery.tag);
      ids_.insert(delivery.message.id);
      got_.push_back(std::move(delivery));
    }
    most_held_ = std::max(most_held_, kept_.size());
    if (mode_ == Mode::kAcknowledge) acknowledge_kept();
    changed_.notify_all();
  }
  // Until `subscribe` has answered there is nothing to acknowledge with; the constructor makes up for it.
  void acknowledge_kept() {
    if (!subscription_) return;
    for (uint64_t tag : kept_) subscription_->acknowledge(tag);
    kept_.clear();
  }
  void settle(uint64_t tag, bool handled) {
    std::lock_guard lock(mutex_);
    std::erase(kept_, tag);
    if (!subscription_) return;
    if (handled) {
      subscription_->acknowledge(tag);
    } else {
      subscription_->reject(tag);
    }
  }

  Mode mode_;
  const Duration patience_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Delivery> got_;
  std::set<std::string> ids_;
  std::vector<uint64_t> kept_;
  size_t most_held_ = 0;
  ThreadExecutor executor_{"inbox"};  // before the subscription: it outlives it
  std::unique_ptr<Subscription> subscription_;
};

// A journal in memory, with a position that outlives the broker that moves it. Numbers have gaps (every
// third is an event that makes no message), as a real journal's do. Thread-safe.
class MemorySource final : public Source {
 public:
  // A read may bring so many more than it was asked for, as a journal does whose records hold many messages.
  explicit MemorySource(size_t overshoot = 0) : overshoot_(overshoot) {}

  void add(Message message) {
    {
      std::lock_guard lock(mutex_);
      end_ += messages_.size() % 2 == 0 ? 1 : 2;
      messages_.emplace(end_, std::move(message));
    }
    call_listeners();
  }
  // An event that makes no message.
  void add_silence() {
    {
      std::lock_guard lock(mutex_);
      ++end_;
    }
    call_listeners();
  }

  Result<Chunk> read(uint64_t after, size_t limit, std::span<const std::string>) override {
    std::lock_guard lock(mutex_);
    lowest_read_ = std::min(lowest_read_, after);
    Chunk chunk{.messages = {}, .reached = after};
    for (auto at = messages_.upper_bound(after); at != messages_.end(); ++at) {
      if (chunk.messages.size() == limit + overshoot_) return chunk;
      chunk.messages.push_back({at->first, at->second});
      chunk.reached = at->first;
    }
    chunk.reached = std::max(after, end_);
    return chunk;
  }
  uint64_t listen(std::function<void()> wake) override {
    std::lock_guard lock(listeners_mutex_);
    listeners_.emplace(++last_listener_, std::move(wake));
    return last_listener_;
  }
  void unlisten(uint64_t listener) override {
    std::lock_guard lock(listeners_mutex_);
    listeners_.erase(listener);
  }
  Result<uint64_t> published() override {
    std::lock_guard lock(mutex_);
    return published_;
  }
  Status set_published(uint64_t number) override {
    std::lock_guard lock(mutex_);
    if (number < published_) went_back_ = true;
    published_ = number;
    return {};
  }

  uint64_t end() const {
    std::lock_guard lock(mutex_);
    return end_;
  }
  size_t listeners() const {
    std::lock_guard lock(listeners_mutex_);
    return listeners_.size();
  }
  // Whether the position was ever moved back.
  bool went_back() const {
    std::lock_guard lock(mutex_);
    return went_back_;
  }
  // The lowest `after` anybody has read from since the last call.
  uint64_t take_lowest_read() {
    std::lock_guard lock(mutex_);
    return std::exchange(lowest_read_, UINT64_MAX);
  }
  // The ids of the messages up to a position.
  std::vector<std::string> ids_up_to(uint64_t number) const {
    std::lock_guard lock(mutex_);
    std::vector<std::string> ids;
    for (auto at = messages_.begin(); at != messages_.end() && at->first <= number; ++at)
      ids.push_back(at->second.id);
    return ids;
  }

 private:
  void call_listeners() {
    std::lock_guard lock(listeners_mutex_);
    for (const auto& [id, wake] : listeners_) wake();
  }

  const size_t overshoot_;
  mutable std::mutex mutex_;
  std::map<uint64_t, Message> messages_;
  uint64_t end_ = 0;
  uint64_t published_ = 0;
  bool went_back_ = false;
  uint64_t lowest_read_ = UINT64_MAX;
  mutable std::mutex listeners_mutex_;
  std::map<uint64_t, std::function<void()>> listeners_;
  uint64_t last_listener_ = 0;
};

}  // namespace ducat::broker::testing
