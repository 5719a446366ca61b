// The broker on NATS: two connections (one that publishes, one for everything else), feeds, and the upkeep
// that mends them. See nats.h.
#include "platform/broker/nats/nats.h"

#include <algorithm>

#include "platform/broker/backoff.h"
#include "platform/broker/held_back_source.h"
#include "platform/broker/limits.h"
#include "platform/broker/nats/consumers.h"
#include "platform/broker/nats/publisher.h"
#include "platform/broker/nats/puller.h"
#include "platform/broker/source_publisher.h"
#include "platform/telemetry/logger.h"

namespace ducat::broker {
namespace nats {
namespace {

constexpr Duration kUpkeep = Duration::seconds(1);
constexpr Duration kFirstPause = Duration::millis(100);
constexpr Duration kLongestPause = Duration::seconds(1);

// A source on its way to a stream.
struct Feed {
  std::string stream;
  std::unique_ptr<HeldBackSource> source;
  std::unique_ptr<SourcePublisher> publisher;
  uint64_t epoch = 0;  // of the queue; an old one: the feed has to go back
};

class PullSubscription final : public Subscription {
 public:
  explicit PullSubscription(std::shared_ptr<Puller> puller) : puller_(std::move(puller)) {}
  ~PullSubscription() override { puller_->close(); }
  void acknowledge(uint64_t tag) override { puller_->acknowledge(tag); }
  void reject(uint64_t tag) override { puller_->reject(tag); }

 private:
  const std::shared_ptr<Puller> puller_;  // shared with the upkeep and the library
};

class NatsBroker final : public Broker {
 public:
  NatsBroker(NatsOptions options, Clock& clock)
      : options_(std::move(options)),
        clock_(clock),
        queue_(options_.publishing, clock),
        publisher_(
            options_, queue_, clock, [this](Connection& connection) { return prepare(connection); },
            streams_) {}
  ~NatsBroker() override { stop(); }

  Status start() override;
  void stop() override;
  Status declare(const StreamSpec& spec) override;
  void publish(std::vector<Message> messages, Executor& executor, OnPublished done) override;
  Status feed(const std::string& stream, Source& source) override;
  Result<std::unique_ptr<Subscription>> subscribe(SubscriptionOptions options, Executor& executor,
                                                  OnDeliveries on_deliveries) override;
  BrokerHealth health() const override;

 private:
  Status prepare(Connection& connection);
  Status check_routes(const std::vector<Message>& messages) const;
  Status begin(Feed& feed);
  void upkeep();
  void ask_upkeep();
  void tick();

  const NatsOptions options_;
  Clock& clock_;
  StreamTable streams_;
  std::atomic<uint64_t> delivered_ = 0;
  std::atomic<bool> stopped_ = true;
  std::atomic<bool> upkeep_asked_ = false;
  std::string server_;  // the publisher's thread: what it was last connected to
  PublishQueue queue_;
  std::unique_ptr<ThreadExecutor> upkeep_;
  std::unique_ptr<ThreadExecutor> feeding_;
  std::unique_ptr<ThreadTimers> timers_;
  std::unique_ptr<Connection> connection_;
  Publisher publisher_;
  mutable std::mutex mutex_;  // what is below
  std::string address_;
  std::vector<std::unique_ptr<Feed>> feeds_;
  std::vector<std::weak_ptr<Puller>> pullers_;
};

Status NatsBroker::start() {
  Timestamp give_up = clock_.monotonic() + options_.start_limit;
  Backoff pauses(kFirstPause, kLongestPause);
  for (;;) {
    auto made = Connection::open(options_, Connection::Life::kForever, [this] { ask_upkeep(); });
    if (made) {
      connection_ = std::move(*made);
      std::lock_guard lock(mutex_);
      address_ = connection_->address();
      break;
    }
    Duration pause = pauses.next();
    if (!made.error().retryable() || clock_.monotonic() + pause > give_up) return propagate(made);
    queue_.wait(pause);
  }
  jsAccountInfo* account = nullptr;
  jsErrCode code = jsErrCode(0);
  DUCAT_TRY(check("the NATS server has no JetStream",
                  js_GetAccountInfo(&account, connection_->jetstream(), nullptr, &code), code));
  jsAccountInfo_Destroy(account);
  upkeep_ = std::make_unique<ThreadExecutor>("nats-upkeep");
  feeding_ = std::make_unique<ThreadExecutor>("nats-feeds");
  timers_ = std::make_unique<ThreadTimers>();
  stopped_ = false;
  publisher_.start();
  tick();
  return {};
}

void NatsBroker::stop() {
  if (stopped_.exchange(true)) return;
  upkeep_->stop();  // what it is doing has limits
  std::vector<std::unique_ptr<Feed>> feeds;
  {
    std::lock_guard lock(mutex_);
    feeds.swap(feeds_);
  }
  for (auto& feed : feeds) feed->publisher->stop();
  queue_.close();
  publisher_.stop();
  feeds.clear();
  timers_.reset();
  feeding_.reset();
  connection_.reset();  // no callbacks afterwards
  upkeep_.reset();
}

Status NatsBroker::declare(const StreamSpec& spec) {
  if (stopped_) return fail(Errc::kCancelled, "the broker is stopped");
  auto stream = std::make_shared<const Stream>(stream_of(spec));
  DUCAT_TRY(declare_stream(connection_->jetstream(), *stream, options_));
  // Its consumers are put back like the others' when the publisher connects; this one may have come later.
  if (streams_.find(spec.name) == nullptr) DUCAT_TRY(put_back_consumers(connection_->jetstream(), *stream));
  streams_.add(std::move(stream));
  return {};
}

// On the publisher's thread, with a connection on which nothing was sent yet.
Status NatsBroker::prepare(Connection& connection) {
  std::string server = connection.server_id();
  if (server.empty()) return fail(Errc::kUnavailable, "the connection to NATS was lost");
  if (server == server_) return {};
  bool restarted = !server_.empty();
  for (const auto& stream : streams_.declared()) {
    DUCAT_TRY(declare_stream(connection.jetstream(), *stream, options_));
    DUCAT_TRY(put_back_consumers(connection.jetstream(), *stream));
  }
  if (restarted && options_.unsynced > Duration{}) {
    log::warn("broker.server_restarted", {{"server", server}});
    queue_.fail_all({Errc::kUnavailable, "the NATS server was started anew"});
    ask_upkeep();
  }
  server_ = server;
  return {};
}

Status NatsBroker::check_routes(const std::vector<Message>& messages) const {
  DUCAT_TRY(check_messages(messages));
  for (const Message& message : messages) {
    // A stream that is not known here yet is looked up by the publisher.
    if (auto stream = streams_.find(message.stream)) DUCAT_TRY(subject_of(*stream, message.type));
  }
  return {};
}

void NatsBroker::publish(std::vector<Message> messages, Executor& executor, OnPublished done) {
  if (Status fine = check_routes(messages); !fine) {
    executor.post([done = std::move(done), status = std::move(fine)]() mutable { done(std::move(status)); });
    return;
  }
  queue_.add(std::make_shared<const std::vector<Message>>(std::move(messages)), executor, std::move(done));
}

Status NatsBroker::feed(const std::string& stream, Source& source) {
  if (stopped_) return fail(Errc::kCancelled, "the broker is stopped");
  auto made = std::make_unique<Feed>();
  made->stream = stream;
  made->source = std::make_unique<HeldBackSource>(source, clock_, options_.unsynced);
  std::lock_guard lock(mutex_);
  DUCAT_TRY(begin(*made));
  feeds_.push_back(std::move(made));
  return {};
}

// From where the source stands, under the queue's epoch of now.
Status NatsBroker::begin(Feed& feed) {
  feed.epoch = queue_.epoch();
  PublishBatch publish = [this, epoch = feed.epoch](Batch batch, std::function<void(Status)> done) {
    queue_.add(std::move(batch), *feeding_, std::move(done), epoch);
  };
  feed.publisher = std::make_unique<SourcePublisher>(feed.stream, *feed.source, *timers_, *feeding_,
                                                     std::move(publish), SourcePublisherOptions{});
  return feed.publisher->start();
}

Result<std::unique_ptr<Subscription>> NatsBroker::subscribe(SubscriptionOptions options, Executor& executor,
                                                            OnDeliveries on_deliveries) {
  if (stopped_) return fail(Errc::kCancelled, "the broker is stopped");
  if (options.group.empty() || options.max_in_flight == 0)
    return fail(Errc::kInvalid, "a subscription needs a group and room for a message");
  auto puller =
      std::make_shared<Puller>(Puller::Environment{options_, *connection_, clock_, streams_, delivered_},
                               std::move(options), executor, std::move(on_deliveries));
  {
    std::lock_guard lock(mutex_);
    std::erase_if(pullers_, [](const auto& known) { return known.expired(); });
    pullers_.push_back(puller);
  }
  ask_upkeep();
  return std::make_unique<PullSubscription>(std::move(puller));
}

void NatsBroker::tick() {
  if (stopped_) return;
  upkeep();
  timers_->after(kUpkeep, *upkeep_, [this] { tick(); });
}

void NatsBroker::ask_upkeep() {
  if (stopped_ || upkeep_asked_.exchange(true)) return;
  upkeep_->post([this] {
    upkeep_asked_ = false;
    upkeep();
  });
}

void NatsBroker::upkeep() {
  std::vector<std::shared_ptr<Puller>> pullers;
  {
    std::lock_guard lock(mutex_);
    for (const auto& known : pullers_) {
      if (auto puller = known.lock()) pullers.push_back(std::move(puller));
    }
  }
  for (const auto& puller : pullers) {
    Status kept = puller->upkeep();
    if (!kept) log::warn("broker.subscription_failed", {{"reason", kept.error().message}});
  }
  std::lock_guard lock(mutex_);
  for (const auto& feed : feeds_) {
    Status passed = feed->source->pass_on();
    if (!passed) log::warn("broker.position_not_saved", {{"reason", passed.error().message}});
    if (feed->epoch == queue_.epoch()) continue;
    feed->publisher->stop();
    Status begun = begin(*feed);
    if (!begun) log::error("broker.feed_failed", begun.error(), {{"stream", feed->stream}});
  }
}

BrokerHealth NatsBroker::health() const {
  BrokerHealth health;
  health.connected = publisher_.connected();
  health.published = queue_.confirmed();
  health.delivered = delivered_;
  std::string trouble = publisher_.trouble();
  std::lock_guard lock(mutex_);
  health.detail = health.connected || trouble.empty() ? address_ : trouble;
  for (const auto& feed : feeds_) health.unpublished += feed->publisher->unpublished();
  return health;
}

}  // namespace
}  // namespace nats

std::unique_ptr<Broker> make_nats_broker(NatsOptions options, Clock& clock) {
  return std::make_unique<nats::NatsBroker>(std::move(options), clock);
}

}  // namespace ducat::broker
