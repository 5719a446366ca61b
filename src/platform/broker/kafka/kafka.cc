// The broker on Kafka: streams, one producer, feeds, and members of groups. See kafka.h.
#include "platform/broker/kafka/kafka.h"

#include <algorithm>

#include "platform/broker/kafka/consumer_group.h"
#include "platform/broker/kafka/producer.h"
#include "platform/broker/limits.h"

namespace ducat::broker {
namespace kafka {
namespace {

struct FreeTopic {
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
};
struct FreeResource {
  void operator()(rd_kafka_ConfigResource_t* resource) const { rd_kafka_ConfigResource_destroy(resource); }
};
struct FreeOptions {
  void operator()(rd_kafka_AdminOptions_t* options) const { rd_kafka_AdminOptions_destroy(options); }
};

using Limits = std::vector<std::pair<std::string, std::string>>;

class KafkaBroker final : public Broker {
 public:
  KafkaBroker(KafkaOptions options, std::string servers)
      : options_(std::move(options)), servers_(std::move(servers)), producer_(options_) {}
  ~KafkaBroker() override { stop(); }

  Status start() override;
  void stop() override;
  Status declare(const StreamSpec& spec) override;
  void publish(std::vector<Message> messages, Executor& executor, OnPublished done) override;
  Status feed(const std::string& stream, Source& source) override;
  Result<std::unique_ptr<Subscription>> subscribe(SubscriptionOptions options, Executor& executor,
                                                  OnDeliveries on_deliveries) override;
  BrokerHealth health() const override;

 private:
  Limits limits_of(const StreamSpec& spec) const;
  Status create(const StreamSpec& spec, const Limits& limits);
  Status change(const std::string& topic, const Limits& limits);
  Result<Event> wait(rd_kafka_queue_t* queue, std::string_view what);

  const KafkaOptions options_;
  const std::string servers_;
  Producer producer_;
  Client admin_;
  std::atomic<uint64_t> delivered_{0};
  mutable std::mutex mutex_;
  std::unique_ptr<ThreadExecutor> feeding_;
  std::unique_ptr<ThreadTimers> timers_;
  std::vector<std::unique_ptr<SourcePublisher>> feeds_;
};

Status KafkaBroker::start() {
  Config config;
  config.set("bootstrap.servers", servers_).set("client.id", "ducat").set("log_level", "2");
  DUCAT_ASSIGN(admin_, config.make(RD_KAFKA_PRODUCER));
  DUCAT_TRY(producer_.start(servers_));
  feeding_ = std::make_unique<ThreadExecutor>("kafka-feed");
  timers_ = std::make_unique<ThreadTimers>();
  return {};
}

void KafkaBroker::stop() {
  for (auto& feed : feeds_) feed->stop();
  timers_.reset();  // its thread ends before what it may call
  producer_.stop();
  feeds_.clear();
  feeding_.reset();
  admin_.reset();
}

Limits KafkaBroker::limits_of(const StreamSpec& spec) const {
  Limits limits{{"retention.ms", std::to_string(spec.retention.micros / 1'000)},
                {"retention.bytes",
                 spec.max_bytes > 0 ? std::to_string(spec.max_bytes / std::max(spec.partitions, 1)) : "-1"}};
  if (options_.sync) limits.emplace_back("flush.messages", "1");
  return limits;
}

Status KafkaBroker::declare(const StreamSpec& spec) {
  return create(spec, limits_of(spec));
}

Result<Event> KafkaBroker::wait(rd_kafka_queue_t* queue, std::string_view what) {
  Event event(rd_kafka_queue_poll(queue, static_cast<int>(options_.request_timeout.micros / 1'000)));
  if (!event) return fail(Errc::kTimeout, "Kafka " + std::string(what) + ": no answer");
  if (rd_kafka_resp_err_t code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::unexpected(error_of(what, code, rd_kafka_event_error_string(event.get())));
  }
  return event;
}

Status KafkaBroker::create(const StreamSpec& spec, const Limits& limits) {
  char why[256] = "";
  std::unique_ptr<rd_kafka_NewTopic_t, FreeTopic> topic(rd_kafka_NewTopic_new(
      spec.name.c_str(), std::max(spec.partitions, 1), options_.replication, why, sizeof(why)));
  if (!topic) return fail(Errc::kInvalid, "Kafka topic " + spec.name + ": " + why);
  for (const auto& [name, value] : limits)
    rd_kafka_NewTopic_set_config(topic.get(), name.c_str(), value.c_str());
  Queue queue(rd_kafka_queue_new(admin_.get()));
  std::unique_ptr<rd_kafka_AdminOptions_t, FreeOptions> how(
      rd_kafka_AdminOptions_new(admin_.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS));
  rd_kafka_AdminOptions_set_operation_timeout(
      how.get(), static_cast<int>(options_.request_timeout.micros / 1'000), why, sizeof(why));
  rd_kafka_NewTopic_t* topics[] = {topic.get()};
  rd_kafka_CreateTopics(admin_.get(), topics, 1, how.get(), queue.get());
  DUCAT_ASSIGN(Event event, wait(queue.get(), "topic " + spec.name));
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  if (count != 1) return fail(Errc::kUnavailable, "Kafka topic " + spec.name + ": no result");
  rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[0]);
  if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return change(spec.name, limits);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  const char* detail = rd_kafka_topic_result_error_string(results[0]);
  return std::unexpected(error_of("topic " + spec.name, code, detail == nullptr ? "" : detail));
}

Status KafkaBroker::change(const std::string& topic, const Limits& limits) {
  std::unique_ptr<rd_kafka_ConfigResource_t, FreeResource> resource(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  for (const auto& [name, value] : limits) {
    rd_kafka_ConfigResource_set_config(resource.get(), name.c_str(), value.c_str());
  }
  Queue queue(rd_kafka_queue_new(admin_.get()));
  rd_kafka_ConfigResource_t* resources[] = {resource.get()};
  rd_kafka_AlterConfigs(admin_.get(), resources, 1, nullptr, queue.get());
  DUCAT_ASSIGN(Event event, wait(queue.get(), "limits of topic " + topic));
  size_t count = 0;
  const rd_kafka_ConfigResource_t** results =
      rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event.get()), &count);
  for (size_t i = 0; i < count; ++i) {
    rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(results[i]);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
      return std::unexpected(error_of("limits of topic " + topic, code));
  }
  return {};
}

void KafkaBroker::publish(std::vector<Message> messages, Executor& executor, OnPublished done) {
  Status sound = check_messages(messages);
  auto shared = std::make_shared<OnPublished>(std::move(done));  // the producer's callback is copied
  auto answer = [&executor, shared](Status status) {
    executor.post([shared, status = std::move(status)]() mutable {
      if (*shared) (*shared)(std::move(status));
    });
  };
  if (!sound) return answer(std::move(sound));
  producer_.publish(std::make_shared<const std::vector<Message>>(std::move(messages)), answer);
}

Status KafkaBroker::feed(const std::string& stream, Source& source) {
  auto publisher = std::make_unique<SourcePublisher>(stream, source, *timers_, *feeding_,
                                                     [this](Batch batch, std::function<void(Status)> done) {
                                                       // An unsound message of a journal is the journal's
                                                       // fault, and is found here before anything is sent.
                                                       if (Status sound = check_messages(*batch); !sound)
                                                         return done(std::move(sound));
                                                       producer_.publish(std::move(batch), std::move(done));
                                                     });
  DUCAT_TRY(publisher->start());
  std::lock_guard lock(mutex_);
  feeds_.push_back(std::move(publisher));
  return {};
}

Result<std::unique_ptr<Subscription>> KafkaBroker::subscribe(SubscriptionOptions options, Executor& executor,
                                                             OnDeliveries on_deliveries) {
  DUCAT_ASSIGN(auto member, GroupMember::join(options_, servers_, std::move(options), executor,
                                              std::move(on_deliveries), delivered_));
  return std::unique_ptr<Subscription>(std::move(member));
}

BrokerHealth KafkaBroker::health() const {
  BrokerHealth health;
  health.connected = producer_.connected();
  health.detail = health.connected ? "Kafka at " + servers_ : producer_.trouble();
  health.published = producer_.confirmed();
  health.delivered = delivered_.load(std::memory_order_relaxed);
  std::lock_guard lock(mutex_);
  for (const auto& feed : feeds_) health.unpublished += feed->unpublished();
  return health;
}

}  // namespace
}  // namespace kafka

Result<std::unique_ptr<Broker>> make_kafka_broker(KafkaOptions options) {
  DUCAT_ASSIGN(std::string servers, kafka::bootstrap_servers(options.url));
  return std::unique_ptr<Broker>(
      std::make_unique<kafka::KafkaBroker>(std::move(options), std::move(servers)));
}

}  // namespace ducat::broker
