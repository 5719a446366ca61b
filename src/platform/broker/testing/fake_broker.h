// A broker in the test's hand: what is published waits for the test's answer, what is delivered comes from
// the test. For tests of what stands on a broker, where a real one would hide the order of things.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "platform/broker/broker.h"

namespace ducat::broker::testing {

// Thread-safe.
class FakeBroker final : public Broker {
 public:
  Status start() override { return {}; }
  void stop() override {}
  Status declare(const StreamSpec& stream) override {
    std::lock_guard lock(mutex_);
    declared_.push_back(stream.name);
    return {};
  }
  void publish(std::vector<Message> messages, Executor& executor, OnPublished done) override {
    Status answer;
    {
      std::lock_guard lock(mutex_);
      if (failures_ > 0) {
        --failures_;
        answer = fail(Errc::kUnavailable, "the fake is away");
      } else {
        std::move(messages.begin(), messages.end(), std::back_inserter(published_));
      }
    }
    executor.post([done = std::move(done), answer]() mutable { done(std::move(answer)); });
  }
  Status feed(const std::string&, Source&) override { return {}; }
  Result<std::unique_ptr<Subscription>> subscribe(SubscriptionOptions options, Executor& executor,
                                                  OnDeliveries on_deliveries) override {
    std::lock_guard lock(mutex_);
    subscribed_.push_back({std::move(options), &executor, std::move(on_deliveries)});
    return std::make_unique<FakeSubscription>(*this);
  }
  BrokerHealth health() const override { return {}; }

  // The next publishes fail.
  void fail_next(int publishes) {
    std::lock_guard lock(mutex_);
    failures_ = publishes;
  }
  void deliver(const std::string& stream, std::vector<Delivery> deliveries) {
    std::lock_guard lock(mutex_);
    for (const Subscribed& one : subscribed_) {
      if (one.options.stream != stream) continue;
      one.executor->post(
          [call = one.on_deliveries, some = std::move(deliveries)]() mutable { call(std::move(some)); });
      return;
    }
  }
  std::vector<Message> published() const {
    std::lock_guard lock(mutex_);
    return published_;
  }
  std::vector<uint64_t> acknowledged() const {
    std::lock_guard lock(mutex_);
    return acknowledged_;
  }
  int failures_left() const {
    std::lock_guard lock(mutex_);
    return failures_;
  }
  std::vector<std::string> declared() const {
    std::lock_guard lock(mutex_);
    return declared_;
  }

 private:
  struct Subscribed {
    SubscriptionOptions options;
    Executor* executor;
    OnDeliveries on_deliveries;
  };
  class FakeSubscription final : public Subscription {
   public:
    explicit FakeSubscription(FakeBroker& broker) : broker_(broker) {}
    void acknowledge(uint64_t tag) override {
      std::lock_guard lock(broker_.mutex_);
      broker_.acknowledged_.push_back(tag);
    }
    void reject(uint64_t) override {}

   private:
    FakeBroker& broker_;
  };

  mutable std::mutex mutex_;
  int failures_ = 0;
  std::vector<std::string> declared_;
  std::vector<Message> published_;
  std::vector<uint64_t> acknowledged_;
  std::vector<Subscribed> subscribed_;
};

}  // namespace ducat::broker::testing
