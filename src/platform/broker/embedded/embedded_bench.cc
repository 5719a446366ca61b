// What in-process delivery costs: messages a second through one durable group, from a source in memory and
// from the broker's own log, to a subscription and to a consumer; and how long a message takes to arrive.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <future>

#include "base/check.h"
#include "base/system.h"
#include "platform/broker/consumer.h"
#include "platform/broker/embedded/embedded.h"
#include "platform/storage/open.h"
#include "platform/storage/testing/temporary_directory.h"

namespace ducat::broker {
namespace {

constexpr size_t kMessages = 200'000;

Message make(size_t number) {
  Message message{
      "s", "wallet.funds_deposited", "wallet-" + std::to_string(number % 1000), std::to_string(number), {},
      {}};
  message.body = R"({"specversion":"1.0","id":")" + message.id +
                 R"(","type":"wallet.funds_deposited","data":{}})" + std::string(150, ' ');
  return message;
}

// A journal in memory: messages are made when they are read, as a journal's are.
class MadeSource final : public Source {
 public:
  Result<Chunk> read(uint64_t after, size_t limit, std::span<const std::string>) override {
    Chunk chunk{.messages = {}, .reached = after};
    for (uint64_t end = end_.load(); chunk.reached < end && chunk.messages.size() < limit;)
      chunk.messages.push_back({++chunk.reached, make(chunk.reached)});
    return chunk;
  }
  uint64_t listen(std::function<void()> wake) override {
    wake_ = std::move(wake);
    return 1;
  }
  void unlisten(uint64_t) override {}
  Result<uint64_t> published() override { return 0; }
  Status set_published(uint64_t) override { return {}; }
  void grow(uint64_t by) {
    end_ += by;
    wake_();
  }

 private:
  std::atomic<uint64_t> end_{0};
  std::function<void()> wake_;
};

struct Setup {
  Setup() {
    storage::StorageTarget target;
    target.path = directory.file("broker.db");
    auto database = storage::open(target);
    DUCAT_CHECK(database, "a new database opens");
    broker = make_embedded(std::move(*database), clock, timers);
    StreamSpec spec;
    spec.name = "s";
    DUCAT_CHECK(broker->start() && broker->declare(spec), "it starts");
  }
  ~Setup() { broker->stop(); }
  void publish(size_t count) {
    std::promise<Status> done;
    std::vector<Message> messages;
    for (size_t i = 0; i < count; ++i) messages.push_back(make(i));
    broker->publish(std::move(messages), home, [&](Status status) { done.set_value(std::move(status)); });
    DUCAT_CHECK(done.get_future().get(), "it is published");
  }

  storage::TemporaryDirectory directory;
  SystemClock clock;
  ThreadTimers timers;
  ThreadExecutor home{"home"};
  std::unique_ptr<Broker> broker;
};

// Acknowledges everything; tells when so many have come.
class Counter {
 public:
  // On the executor itself, so that the first delivery finds the subscription made.
  Counter(Setup& setup, const std::string& group, size_t wanted) : wanted_(wanted) {
    std::promise<void> made;
    setup.home.post([&] {
      subscribe(setup, group);
      made.set_value();
    });
    made.get_future().wait();
  }
  void wait() { done_.get_future().wait(); }

 private:
  void subscribe(Setup& setup, const std::string& group) {
    auto made =
        setup.broker->subscribe({"s", {}, group, 4096}, setup.home, [this](std::vector<Delivery> some) {
          for (const Delivery& delivery : some) subscription_->acknowledge(delivery.tag);
          count_ += some.size();
          if (count_ >= wanted_ && !std::exchange(told_, true)) done_.set_value();
        });
    DUCAT_CHECK(made, "it subscribes");
    subscription_ = std::move(*made);
  }

  const size_t wanted_;
  size_t count_ = 0;
  bool told_ = false;
  std::promise<void> done_;
  std::unique_ptr<Subscription> subscription_;
};

void BM_SubscriptionFromSource(benchmark::State& state) {
  for (auto _ : state) {
    Setup setup;
    MadeSource source;
    DUCAT_CHECK(setup.broker->feed("s", source), "it is fed");
    Counter counter(setup, "g", kMessages);
    source.grow(kMessages);
    counter.wait();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kMessages));
}
BENCHMARK(BM_SubscriptionFromSource)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_SubscriptionFromLog(benchmark::State& state) {
  Setup setup;
  for (size_t i = 0; i < kMessages; i += 10'000) setup.publish(10'000);
  int group = 0;
  for (auto _ : state) {
    Counter counter(setup, "g" + std::to_string(group++), kMessages);
    counter.wait();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kMessages));
}
BENCHMARK(BM_SubscriptionFromLog)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_ConsumerFromSource(benchmark::State& state) {
  for (auto _ : state) {
    Setup setup;
    MadeSource source;
    DUCAT_CHECK(setup.broker->feed("s", source), "it is fed");
    std::promise<void> done;
    size_t count = 0;
    ConsumerOptions options;
    options.subscription = {"s", {}, "g", 4096};
    struct Count {
      static Task<Status> one(size_t& count, std::promise<void>& done) {
        if (++count == kMessages) done.set_value();
        co_return Status{};
      }
    };
    Consumer consumer(*setup.broker, setup.timers, setup.home, options,
                      [&](const Message&, Executor&) { return Count::one(count, done); });
    DUCAT_CHECK(consumer.start(), "it starts");
    source.grow(kMessages);
    done.get_future().wait();
    std::promise<void> stopped;
    consumer.stop([&] { stopped.set_value(); });
    stopped.get_future().wait();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kMessages));
}
BENCHMARK(BM_ConsumerFromSource)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_PublishToLog(benchmark::State& state) {
  Setup setup;
  auto batch = static_cast<size_t>(state.range(0));
  for (auto _ : state) setup.publish(batch);
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * batch));
}
BENCHMARK(BM_PublishToLog)->Arg(1)->Arg(1000)->Unit(benchmark::kMicrosecond)->UseRealTime();

// From the journal's word that there is something to the consumer's hands, with nothing else to do.
void BM_WakeUp(benchmark::State& state) {
  Setup setup;
  MadeSource source;
  DUCAT_CHECK(setup.broker->feed("s", source), "it is fed");
  std::unique_ptr<Subscription> subscription;
  std::atomic<uint64_t> arrived{0};
  auto made = setup.broker->subscribe({"s", {}, "g", 64}, setup.home, [&](std::vector<Delivery> some) {
    for (const Delivery& delivery : some) subscription->acknowledge(delivery.tag);
    arrived += some.size();
    arrived.notify_all();
  });
  DUCAT_CHECK(made, "it subscribes");
  subscription = std::move(*made);
  uint64_t expected = 0;
  std::vector<int64_t> micros;
  for (auto _ : state) {
    Timestamp before = setup.clock.monotonic();
    source.grow(1);
    arrived.wait(expected++);
    micros.push_back((setup.clock.monotonic() - before).micros);
  }
  // On a machine that does other things as well the mean says more of them than of this.
  std::sort(micros.begin(), micros.end());
  state.counters["p10_us"] = static_cast<double>(micros[micros.size() / 10]);
  state.counters["p50_us"] = static_cast<double>(micros[micros.size() / 2]);
}
BENCHMARK(BM_WakeUp)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace
}  // namespace ducat::broker

BENCHMARK_MAIN();
