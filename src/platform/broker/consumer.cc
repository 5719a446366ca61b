// See consumer.h. Everything but the counters belongs to the executor: what arrives, what handlers answer and
// what timers bring is posted there.
#include "platform/broker/consumer.h"

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/check.h"
#include "base/hash.h"
#include "base/system.h"
#include "platform/broker/backoff.h"
#include "platform/broker/dead_letters.h"
#include "platform/telemetry/logger.h"

namespace ducat::broker {
namespace {

// Redriven messages are few, and each may wait long.
constexpr size_t kRetriesInFlight = 64;
// The stream itself, and "<group>.retry".
constexpr size_t kStreams = 2;
constexpr size_t kRetryStream = 1;

// A message from its delivery to its acknowledgement.
struct Item {
  size_t from;                 // which of the streams
  std::vector<uint64_t> tags;  // of its deliveries: a broker may repeat one that is slow
  std::string delivered_id;
  Message message;
  uint64_t attempts = 0;
  Backoff pauses;
  Message dead_letter;  // once it is put aside, for as long as that is not confirmed
  std::optional<Timers::Id> timer;
  Item* next = nullptr;  // of the same key
};

}  // namespace

struct Consumer::Impl {
  using Subscriptions = std::array<std::unique_ptr<Subscription>, kStreams>;

  Impl(Broker& from, Timers& with, Executor& on, ConsumerOptions given, Handler by)
      : broker(from), timers(with), executor(on), options(std::move(given)), handler(std::move(by)) {
    if (options.clock == nullptr) options.clock = &machine;
  }

  Status subscribe(size_t place, SubscriptionOptions wanted, Subscriptions& into) {
    DUCAT_ASSIGN(into[place], broker.subscribe(std::move(wanted), executor,
                                               [this, place](std::vector<Delivery> deliveries) {
                                                 arrived(place, std::move(deliveries));
                                               }));
    return {};
  }

  void attach(Subscriptions made) {
    subscriptions = std::move(made);
    attached = true;
    for (auto& [place, deliveries] : std::exchange(early, {})) arrived(place, std::move(deliveries));
  }

  void arrived(size_t place, std::vector<Delivery> deliveries) {
    if (stopped) return;
    if (!attached) {
      early.emplace_back(place, std::move(deliveries));
      return;
    }
    for (Delivery& delivery : deliveries) take(place, std::move(delivery));
    in_flight.store(items[0].size() + items[1].size(), std::memory_order_relaxed);
  }

  void take(size_t place, Delivery delivery) {
    if (auto known = items[place].find(delivery.message.id); known != items[place].end()) {
      known->second->tags.push_back(delivery.tag);
      return;
    }
    auto made = std::make_unique<Item>(Item{.from = place,
                                            .tags = {delivery.tag},
                                            .delivered_id = delivery.message.id,
                                            .message = std::move(delivery.message),
                                            .pauses = {options.first_pause, options.longest_pause},
                                            .dead_letter = {},
                                            .timer = {}});
    if (place == kRetryStream) restore_id(made->message);
    Item& item = *made;
    items[place].emplace(item.delivered_id, std::move(made));
    if (!in_line(item)) {
      run(item);
      return;
    }
    auto [last, alone] = last_of_key.try_emplace(item.message.key, &item);
    if (alone) {
      run(item);
    } else {
      last->second->next = &item;
      last->second = &item;
    }
  }

  bool in_line(const Item& item) const { return options.keep_order && !item.message.key.empty(); }

  void run(Item& item) {
    if (stopped) return;
    ++item.attempts;
    ++busy;
    ducat::start(handler(item.message, executor), [this, &item](Status status) {
      executor.post([this, &item, answer = std::move(status)]() mutable {
        --busy;
        answered(item, std::move(answer));
        end_if_idle();
      });
    });
  }

  void answered(Item& item, Status status) {
    if (status) {
      handled.fetch_add(1, std::memory_order_relaxed);
      finish(item);
      return;
    }
    const Error& error = status.error();
    set_trouble(item, error.message);
    bool again = options.retries < 0 || item.attempts <= static_cast<uint64_t>(options.retries);
    if (error.retryable() && again) {
      retried.fetch_add(1, std::memory_order_relaxed);
      later(item, &Impl::run);
      return;
    }
    log::error("broker.message_put_aside", error,
               {{"group", options.subscription.group}, {"id", item.message.id}, {"attempts", item.attempts}});
    item.dead_letter = make_dead_letter(item.message, options.subscription.group, error, item.attempts,
                                        options.clock->now());
    item.pauses.reset();
    bury(item);
  }

  // Publishes the dead letter, until that is confirmed: before, the message is not acknowledged.
  void bury(Item& item) {
    if (stopped) return;
    ++busy;
    broker.publish({item.dead_letter}, executor, [this, &item](Status status) {
      --busy;
      if (status) {
        dead.fetch_add(1, std::memory_order_relaxed);
        finish(item);
      } else {
        set_trouble(item, status.error().message);
        log::warn("broker.dead_letter_failed",
                  {{"group", options.subscription.group}, {"reason", status.error().message}});
        later(item, &Impl::bury);
      }
      end_if_idle();
    });
  }

  void later(Item& item, void (Impl::*step)(Item&)) {
    if (stopped) return;
    item.timer = timers.after(item.pauses.next(), executor, [this, &item, step] {
      item.timer.reset();
      (this->*step)(item);
    });
  }

  void finish(Item& item) {
    for (uint64_t tag : item.tags) subscriptions[item.from]->acknowledge(tag);
    clear_trouble(item);
    Item* next = item.next;
    if (in_line(item) && next == nullptr) last_of_key.erase(item.message.key);
    items[item.from].erase(items[item.from].find(item.delivered_id));
    in_flight.store(items[0].size() + items[1].size(), std::memory_order_relaxed);
    if (next != nullptr) run(*next);
  }

  void stop(Work done) {
    DUCAT_CHECK(!stopped, "a consumer is stopped once");
    stopped = true;
    when_stopped = std::move(done);
    for (auto& stream : items) {
      for (auto& [id, item] : stream) {
        if (item->timer) timers.cancel(*item->timer);
      }
    }
    end_if_idle();
  }

  void end_if_idle() {
    if (!stopped || busy != 0 || !when_stopped) return;
    // A timer that could not be cancelled has posted its work before this.
    executor.post([this, done = std::move(when_stopped)]() mutable {
      subscriptions = {};
      last_of_key.clear();
      for (auto& stream : items) stream.clear();
      ended = true;
      done();
    });
    when_stopped = nullptr;
  }

  void set_trouble(const Item& item, std::string text) {
    std::lock_guard lock(mutex);
    troubled = &item;
    trouble = std::move(text);
  }
  void clear_trouble(const Item& item) {
    if (troubled != &item) return;
    std::lock_guard lock(mutex);
    troubled = nullptr;
    trouble.clear();
  }

  Broker& broker;
  Timers& timers;
  Executor& executor;
  ConsumerOptions options;
  const Handler handler;
  SystemClock machine;

  Subscriptions subscriptions;
  bool attached = false;
  std::vector<std::pair<size_t, std::vector<Delivery>>> early;  // came before `start` had an answer
  // By the ids they were delivered with, which the items own.
  std::array<std::unordered_map<std::string_view, std::unique_ptr<Item>, TextHash>, kStreams> items;
  std::unordered_map<std::string, Item*> last_of_key;
  size_t busy = 0;  // handlers that run and dead letters on their way
  bool stopped = false;
  Work when_stopped;
  bool started = false;
  std::atomic<bool> ended{false};

  std::atomic<uint64_t> handled{0}, retried{0}, dead{0}, in_flight{0};
  const Item* troubled = nullptr;
  mutable std::mutex mutex;  // the text
  std::string trouble;
};

Consumer::Consumer(Broker& broker, Timers& timers, Executor& executor, ConsumerOptions options,
                   Handler handler)
    : impl_(std::make_unique<Impl>(broker, timers, executor, std::move(options), std::move(handler))) {}

Consumer::~Consumer() {
  DUCAT_CHECK(!impl_->started || impl_->ended, "a consumer that was started is stopped before it goes");
}

Status Consumer::start() {
  const SubscriptionOptions& wanted = impl_->options.subscription;
  StreamSpec retries = retry_stream(wanted.group);
  DUCAT_TRY(impl_->broker.declare(dead_stream(wanted.group)));
  DUCAT_TRY(impl_->broker.declare(retries));
  Impl::Subscriptions made;
  DUCAT_TRY(impl_->subscribe(0, wanted, made));
  DUCAT_TRY(impl_->subscribe(kRetryStream, {retries.name, {}, wanted.group, kRetriesInFlight}, made));
  impl_->started = true;
  impl_->executor.post(
      [impl = impl_.get(), made = std::move(made)]() mutable { impl->attach(std::move(made)); });
  return {};
}

void Consumer::stop(Work done) {
  impl_->executor.post(
      [impl = impl_.get(), done = std::move(done)]() mutable { impl->stop(std::move(done)); });
}

ConsumerStats Consumer::stats() const {
  std::lock_guard lock(impl_->mutex);
  return {impl_->handled, impl_->retried, impl_->dead, impl_->in_flight, impl_->trouble};
}

}  // namespace ducat::broker
