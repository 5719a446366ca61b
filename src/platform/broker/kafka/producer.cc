// See producer.h.
#include "platform/broker/kafka/producer.h"

#include <algorithm>

#include "platform/telemetry/logger.h"

namespace ducat::broker::kafka {
namespace {

constexpr int kPollMillis = 100;
constexpr int kFlushMillis = 2'000;
constexpr int kProbeMillis = 500;

struct FreeHeaders {
  void operator()(rd_kafka_headers_t* headers) const { rd_kafka_headers_destroy(headers); }
};
using Headers = std::unique_ptr<rd_kafka_headers_t, FreeHeaders>;

// The names stand here and in consumer.cc.
Headers headers_of(const Message& message) {
  Headers headers(rd_kafka_headers_new(message.headers.size() + 3));
  auto add = [&](const std::string& name, const std::string& value) {
    rd_kafka_header_add(headers.get(), name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  };
  add("content-type", "application/cloudevents+json");
  add("ce-id", message.id);
  add("ce-type", message.type);
  for (const auto& [name, value] : message.headers) add("x-" + name, value);
  return headers;
}

}  // namespace

Status Producer::start(const std::string& servers) {
  servers_ = servers;
  DUCAT_ASSIGN(session_, connect());
  const struct rd_kafka_metadata* metadata = nullptr;
  rd_kafka_resp_err_t answer = rd_kafka_metadata(session_->client.get(), 0, nullptr, &metadata,
                                                 static_cast<int>(options_.start_limit.micros / 1'000));
  if (answer != RD_KAFKA_RESP_ERR_NO_ERROR) {
    session_.reset();
    return std::unexpected(error_of(servers, answer));
  }
  rd_kafka_metadata_destroy(metadata);
  connected_ = true;
  thread_ = std::make_unique<ThreadExecutor>("kafka-publish");
  thread_->post([this] { run(); });
  return {};
}

Result<std::unique_ptr<Producer::Session>> Producer::connect() {
  auto session = std::make_unique<Session>();
  session->producer = this;
  Config config;
  config.set("bootstrap.servers", servers_)
      .set("client.id", "ducat")
      .set("enable.idempotence", "true")
      .set("enable.gapless.guarantee", "true")
      .set("acks", "all")
      .set("linger.ms", "1")
      .set("partitioner", "murmur2_random")
      .set("message.max.bytes", std::to_string(kLargestBody + (size_t{64} << 10)))
      .set("message.timeout.ms", std::to_string(options_.publish_limit.micros / 1'000))
      .set("queue.buffering.max.messages", std::to_string(options_.waiting * 2))
      .set("queue.buffering.max.kbytes", std::to_string(options_.waiting_bytes / 512))
      .set("reconnect.backoff.ms", "50")
      .set("reconnect.backoff.max.ms", "1000")
      .set("retry.backoff.ms", "100")
      .set("topic.metadata.refresh.fast.interval.ms", "100")
      .set("socket.keepalive.enable", "true")
      .set("log_level", "2")
      .opaque(session.get());
  rd_kafka_conf_set_dr_msg_cb(config.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    static_cast<Session*>(opaque)->producer->reported(*message);
  });
  rd_kafka_conf_set_error_cb(config.get(), [](rd_kafka_t*, int code, const char* reason, void* opaque) {
    Producer& self = *static_cast<Session*>(opaque)->producer;
    self.note(reason);
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) self.connected_ = false;
    if (code == RD_KAFKA_RESP_ERR__FATAL) self.broken_ = true;
  });
  DUCAT_ASSIGN(session->client, config.make(RD_KAFKA_PRODUCER));
  return session;
}

void Producer::stop() {
  stopping_ = true;
  thread_.reset();
  std::unique_ptr<Session> ending;
  {
    std::lock_guard lock(mutex_);
    ending = std::move(session_);
  }
  if (!ending) return;
  rd_kafka_flush(ending->client.get(), kFlushMillis);
  // What is left fails now, so that nobody waits for ever.
  rd_kafka_purge(ending->client.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  while (rd_kafka_poll(ending->client.get(), 0) > 0) {
  }
}

void Producer::run() {
  while (!stopping_) {
    rd_kafka_t* client = nullptr;
    {
      std::lock_guard lock(mutex_);
      client = session_->client.get();
    }
    rd_kafka_poll(client, kPollMillis);
    if (!connected_) look_for_brokers(client);
    if (!broken_) continue;
    // After a gap everything behind it has failed as well: report that, then begin anew.
    log::warn("broker.kafka_producer_renewed", {{"reason", trouble()}});
    rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    while (rd_kafka_poll(client, 0) > 0) {
    }
    auto made = connect();
    std::lock_guard lock(mutex_);
    if (!made) {
      note(made.error().message);
      continue;
    }
    session_ = std::move(*made);
    broken_ = false;
  }
}

// Reports come only when something is published; whether the brokers are back is asked.
void Producer::look_for_brokers(rd_kafka_t* client) {
  const struct rd_kafka_metadata* metadata = nullptr;
  if (rd_kafka_metadata(client, 0, nullptr, &metadata, kProbeMillis) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  rd_kafka_metadata_destroy(metadata);
  connected_ = true;
}

void Producer::publish(Batch batch, std::function<void(Status)> done) {
  auto job = std::make_unique<Job>();
  job->batch = std::move(batch);
  job->done = std::move(done);
  job->open = job->batch->size();
  for (const Message& message : *job->batch) job->bytes += message.body.size();
  if (job->batch->empty()) return job->done({});
  if (waiting_ + job->open > options_.waiting || waiting_bytes_ + job->bytes > options_.waiting_bytes) {
    return job->done(fail(Errc::kFull, "too many messages wait for Kafka"));
  }
  waiting_ += job->open;
  waiting_bytes_ += job->bytes;
  std::unique_lock lock(mutex_);
  if (!session_ || broken_) {
    lock.unlock();
    size_t all = job->open;
    return settle(job.release(), all, fail(Errc::kUnavailable, "Kafka is not connected: " + trouble()));
  }
  Job* owned = job.release();
  size_t count = owned->batch->size();
  for (size_t i = 0; i < count; ++i) {
    rd_kafka_resp_err_t code = send(*session_, owned, i);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    // The rest is not sent; what was sent reports by itself.
    lock.unlock();
    return settle(owned, count - i, std::unexpected(error_of("publish", code)));
  }
}

rd_kafka_resp_err_t Producer::send(Session& session, Job* job, size_t index) {
  const Message& message = (*job->batch)[index];
  Headers headers = headers_of(message);
  // The body is not copied: the job keeps it until the report.
  rd_kafka_resp_err_t code = rd_kafka_producev(
      session.client.get(), RD_KAFKA_V_TOPIC(message.stream.c_str()),
      RD_KAFKA_V_VALUE(const_cast<char*>(message.body.data()), message.body.size()),
      RD_KAFKA_V_KEY(message.key.empty() ? nullptr : message.key.data(), message.key.size()),
      RD_KAFKA_V_HEADERS(headers.get()), RD_KAFKA_V_OPAQUE(job), RD_KAFKA_V_END);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) static_cast<void>(headers.release());  // the message's now
  return code;
}

void Producer::reported(const rd_kafka_message_t& message) {
  auto* job = static_cast<Job*>(message._private);
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    connected_ = true;
    confirmed_.fetch_add(1, std::memory_order_relaxed);
    return settle(job, 1, {});
  }
  Error why = error_of("publish", message.err);
  note(why.message);
  settle(job, 1, std::unexpected(std::move(why)));
}

// So many of the job's messages have an outcome. The last one ends it.
void Producer::settle(Job* job, size_t messages, Status status) {
  if (!status) {
    std::lock_guard lock(trouble_mutex_);
    if (job->status) job->status = std::move(status);
  }
  size_t left = std::atomic_ref(job->open).fetch_sub(messages) - messages;
  if (left > 0) return;
  std::unique_ptr<Job> ended(job);
  waiting_ -= ended->batch->size();
  waiting_bytes_ -= ended->bytes;
  ended->done(std::move(ended->status));
}

void Producer::note(std::string trouble) {
  std::lock_guard lock(trouble_mutex_);
  trouble_ = std::move(trouble);
}

std::string Producer::trouble() const {
  std::lock_guard lock(trouble_mutex_);
  return trouble_;
}

}  // namespace ducat::broker::kafka
