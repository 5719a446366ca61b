// The broker on RabbitMQ: the publisher, a receiver for each subscription, feeds. See rabbitmq.h.
#include "platform/broker/rabbitmq/rabbitmq.h"

#include <mutex>

#include "platform/broker/backoff.h"
#include "platform/broker/limits.h"
#include "platform/broker/rabbitmq/publisher.h"
#include "platform/broker/rabbitmq/receiver.h"
#include "platform/broker/rabbitmq/topology.h"
#include "platform/broker/source_publisher.h"

namespace ducat::broker {
namespace rabbitmq {
namespace {

constexpr Duration kFirstPause = Duration::millis(100);
constexpr Duration kLongestPause = Duration::seconds(1);

class RabbitBroker final : public Broker {
 public:
  RabbitBroker(RabbitOptions options, Clock& clock)
      : options_(std::move(options)),
        clock_(clock),
        topology_(options_),
        queue_(options_.publishing, clock),
        publisher_(options_, queue_, clock, [this] { hurry(); }) {}
  ~RabbitBroker() override { stop(); }

  Status start() override;
  void stop() override;
  Status declare(const StreamSpec& spec) override;
  void publish(std::vector<Message> messages, Executor& executor, OnPublished done) override;
  Status feed(const std::string& stream, Source& source) override;
  Result<std::unique_ptr<Subscription>> subscribe(SubscriptionOptions options, Executor& executor,
                                                  OnDeliveries on_deliveries) override;
  BrokerHealth health() const override;

 private:
  void hurry();

  const RabbitOptions options_;
  Clock& clock_;
  Topology topology_;
  std::atomic<uint64_t> delivered_ = 0;
  std::atomic<bool> stopped_ = true;
  PublishQueue queue_;
  Publisher publisher_;
  std::unique_ptr<ThreadExecutor> feeding_;
  std::unique_ptr<ThreadTimers> timers_;
  mutable std::mutex mutex_;  // feeds_
  std::vector<std::unique_ptr<SourcePublisher>> feeds_;
};

Status RabbitBroker::start() {
  Timestamp give_up = clock_.monotonic() + options_.start_limit;
  Backoff pauses(kFirstPause, kLongestPause);
  for (;;) {
    auto made = Connection::open(options_);
    if (made) break;
    Duration pause = pauses.next();
    if (!made.error().retryable() || clock_.monotonic() + pause > give_up) return propagate(made);
    queue_.wait(pause);
  }
  feeding_ = std::make_unique<ThreadExecutor>("rabbit-feeds");
  timers_ = std::make_unique<ThreadTimers>();
  stopped_ = false;
  publisher_.start();
  return {};
}

void RabbitBroker::stop() {
  if (stopped_.exchange(true)) return;
  std::vector<std::unique_ptr<SourcePublisher>> feeds;
  {
    std::lock_guard lock(mutex_);
    feeds.swap(feeds_);
  }
  for (auto& feed : feeds) feed->stop();
  queue_.close();
  publisher_.stop();
  feeds.clear();
  timers_.reset();
  feeding_.reset();
}

Status RabbitBroker::declare(const StreamSpec& spec) {
  if (stopped_) return fail(Errc::kCancelled, "the broker is stopped");
  DUCAT_ASSIGN(auto connection, Connection::open(options_));
  return topology_.declare(*connection, spec);
}

void RabbitBroker::publish(std::vector<Message> messages, Executor& executor, OnPublished done) {
  if (Status fine = check_messages(messages); !fine) {
    executor.post([done = std::move(done), status = std::move(fine)]() mutable { done(std::move(status)); });
    return;
  }
  queue_.add(std::make_shared<const std::vector<Message>>(std::move(messages)), executor, std::move(done));
}

Status RabbitBroker::feed(const std::string& stream, Source& source) {
  if (stopped_) return fail(Errc::kCancelled, "the broker is stopped");
  PublishBatch publish = [this](Batch batch, std::function<void(Status)> done) {
    queue_.add(std::move(batch), *feeding_, std::move(done));
  };
  auto made = std::make_unique<SourcePublisher>(stream, source, *timers_, *feeding_, std::move(publish));
  DUCAT_TRY(made->start());
  std::lock_guard lock(mutex_);
  feeds_.push_back(std::move(made));
  return {};
}

Result<std::unique_ptr<Subscription>> RabbitBroker::subscribe(SubscriptionOptions options, Executor& executor,
                                                              OnDeliveries on_deliveries) {
  if (stopped_) return fail(Errc::kCancelled, "the broker is stopped");
  if (options.group.empty() || options.max_in_flight == 0)
    return fail(Errc::kInvalid, "a subscription needs a group and room for a message");
  // Here and not only by the receiver: what is published once this has returned is the group's. Without a
  // server nothing can be published either, and the receiver makes the queue later.
  auto connection = Connection::open(options_);
  if (connection) DUCAT_TRY(topology_.declare_queue(**connection, options));
  return std::make_unique<Receiver>(options_, topology_, clock_, delivered_, std::move(options), executor,
                                    std::move(on_deliveries));
}

// The connection is back.
void RabbitBroker::hurry() {
  std::lock_guard lock(mutex_);
  for (const auto& feed : feeds_) feed->hurry();
}

BrokerHealth RabbitBroker::health() const {
  BrokerHealth health;
  health.connected = publisher_.connected();
  health.published = queue_.confirmed();
  health.delivered = delivered_;
  std::string trouble = publisher_.trouble();
  health.detail = health.connected || trouble.empty() ? Connection::address(options_) : trouble;
  std::lock_guard lock(mutex_);
  for (const auto& feed : feeds_) health.unpublished += feed->unpublished();
  return health;
}

}  // namespace
}  // namespace rabbitmq

std::unique_ptr<Broker> make_rabbit_broker(RabbitOptions options, Clock& clock) {
  return std::make_unique<rabbitmq::RabbitBroker>(std::move(options), clock);
}

}  // namespace ducat::broker
