// See consumer_group.h.
#include "platform/broker/kafka/consumer_group.h"

#include <algorithm>
#include <chrono>

#include "base/system.h"
#include "platform/telemetry/logger.h"

namespace ducat::broker::kafka {
namespace {

constexpr int kPollMillis = 50;
constexpr Duration kCommitInterval = Duration::millis(100);
// Fetched messages that wait for room, so that fetching and handling overlap.
constexpr size_t kMostWaiting = 500;
// Without room for so long, partitions are paused. A pause throws away what the library has fetched, and half
// a second passes before more comes; without one nothing is polled, and a rebalance waits for this member.
constexpr Duration kFullFor = Duration::seconds(1);

std::string_view header(const rd_kafka_headers_t* headers, const char* name) {
  const void* value = nullptr;
  size_t size = 0;
  if (headers == nullptr ||
      rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return {};
  }
  return {static_cast<const char*>(value), size};
}

rd_kafka_headers_t* headers_of(const rd_kafka_message_t& message) {
  rd_kafka_headers_t* headers = nullptr;
  rd_kafka_message_headers(&message, &headers);
  return headers;
}

Message decode(const rd_kafka_message_t& from) {
  constexpr std::string_view kOwn = "x-";
  Message message;
  message.stream = rd_kafka_topic_name(from.rkt);
  message.key.assign(static_cast<const char*>(from.key), from.key_len);
  message.body.assign(static_cast<const char*>(from.payload), from.len);
  rd_kafka_headers_t* headers = headers_of(from);
  message.id = header(headers, "ce-id");
  message.type = header(headers, "ce-type");
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; headers != nullptr &&
                     rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    std::string_view full(name);
    if (!full.starts_with(kOwn)) continue;
    message.headers.emplace_back(full.substr(kOwn.size()),
                                 std::string(static_cast<const char*>(value), size));
  }
  return message;
}

}  // namespace

GroupMember::GroupMember(SubscriptionOptions subscription, Executor& executor, OnDeliveries on_deliveries,
                         std::atomic<uint64_t>& delivered)
    : subscription_(std::move(subscription)),
      outlet_(std::make_shared<DeliveryOutlet>(executor, std::move(on_deliveries))),
      delivered_(delivered) {}

Result<std::unique_ptr<GroupMember>> GroupMember::join(const KafkaOptions& options,
                                                       const std::string& servers,
                                                       SubscriptionOptions subscription, Executor& executor,
                                                       OnDeliveries on_deliveries,
                                                       std::atomic<uint64_t>& delivered) {
  std::unique_ptr<GroupMember> member(
      new GroupMember(std::move(subscription), executor, std::move(on_deliveries), delivered));
  Config config;
  config.set("bootstrap.servers", servers)
      .set("client.id", "ducat")
      .set("group.id", member->subscription_.group)
      .set("enable.auto.commit", "false")
      .set("enable.auto.offset.store", "false")
      .set("auto.offset.reset", "earliest")
      .set("session.timeout.ms", std::to_string(options.session_timeout.micros / 1'000))
      .set("heartbeat.interval.ms",
           std::to_string(std::max<int64_t>(options.session_timeout.micros / 6'000, 100)))
      .set("fetch.wait.max.ms", "50")
      .set("fetch.error.backoff.ms", "100")
      // Once so much is fetched the library looks again only after a second.
      .set("queued.min.messages", "100000")
      .set("queued.max.messages.kbytes", "65536")
      .set("reconnect.backoff.ms", "50")
      .set("reconnect.backoff.max.ms", "1000")
      .set("retry.backoff.ms", "100")
      .set("topic.metadata.refresh.fast.interval.ms", "100")
      .set("coordinator.query.interval.ms", "2000")
      .set("socket.keepalive.enable", "true")
      .set("log_level", "2")
      .opaque(member.get());
  rd_kafka_conf_set_rebalance_cb(
      config.get(), [](rd_kafka_t*, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions,
                       void* opaque) { static_cast<GroupMember*>(opaque)->on_rebalance(what, partitions); });
  DUCAT_ASSIGN(member->client_, config.make(RD_KAFKA_CONSUMER));
  rd_kafka_poll_set_consumer(member->client_.get());
  TopicList topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), member->subscription_.stream.c_str(),
                                    RD_KAFKA_PARTITION_UA);
  rd_kafka_resp_err_t code = rd_kafka_subscribe(member->client_.get(), topics.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return std::unexpected(error_of("subscribe", code));
  member->thread_ = std::make_unique<ThreadExecutor>("kafka-consume");
  member->thread_->post([self = member.get()] { self->run(); });
  return member;
}

GroupMember::~GroupMember() {
  outlet_->close();
  stopping_ = true;
  thread_.reset();
  if (!client_) return;
  commit(true);
  {
    // Messages go before the client they belong to.
    std::lock_guard lock(mutex_);
    held_.clear();
    waiting_.clear();
  }
  rd_kafka_consumer_close(client_.get());
}

void GroupMember::run() {
  while (!stopping_) {
    bool room = wait_for_room();
    limit(room);
    hand_out_rejected();
    if (room || paused_) poll();
    commit(false);
  }
}

bool GroupMember::wait_for_room() {
  std::unique_lock lock(mutex_);
  if (paused_) return waiting_.size() <= kMostWaiting / 2;  // the poll is what waits
  room_.wait_for(lock, std::chrono::milliseconds(kPollMillis),
                 [this] { return waiting_.size() < kMostWaiting || !rejected_.empty(); });
  return waiting_.size() < kMostWaiting;
}

void GroupMember::poll() {
  MessageHandle message(rd_kafka_consumer_poll(client_.get(), kPollMillis));
  if (message && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    take(std::move(message));
  } else if (message && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    log::warn("broker.kafka_consumer",
              {{"group", subscription_.group}, {"reason", rd_kafka_message_errstr(message.get())}});
  }
}

// Pauses what is assigned while there is no room here; what was fetched already comes again after resuming.
void GroupMember::limit(bool room) {
  Timestamp now = SystemClock().monotonic();
  if (room) had_room_ = now;
  if (paused_ ? !room : now - had_room_ < kFullFor) return;
  rd_kafka_topic_partition_list_t* assigned = nullptr;
  if (rd_kafka_assignment(client_.get(), &assigned) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  TopicList owned(assigned);
  paused_ = !paused_;
  if (paused_) {
    rd_kafka_pause_partitions(client_.get(), owned.get());
  } else {
    rd_kafka_resume_partitions(client_.get(), owned.get());
  }
}

// On the thread, within a poll or the closing.
void GroupMember::on_rebalance(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions) {
  if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    rd_kafka_assign(client_.get(), partitions);
    // The library remembers a pause across assignments.
    rd_kafka_resume_partitions(client_.get(), partitions);
    paused_ = false;
    return;
  }
  commit(true);
  {
    // Whoever gets them now gets these messages again; acknowledgements of ours come too late.
    std::lock_guard lock(mutex_);
    held_.clear();
    waiting_.clear();
    rejected_.clear();
    partitions_.clear();
  }
  rd_kafka_assign(client_.get(), nullptr);
}

bool GroupMember::wanted(const rd_kafka_message_t& message) const {
  if (subscription_.types.empty()) return true;
  std::string_view type = header(headers_of(message), "ce-type");
  return std::find(subscription_.types.begin(), subscription_.types.end(), type) != subscription_.types.end();
}

void GroupMember::take(MessageHandle message) {
  std::unique_lock lock(mutex_);
  int32_t partition = message->partition;
  int64_t offset = message->offset;
  auto& offsets = partitions_[partition].offsets;
  if (!offsets.empty() && offsets.back().first >= offset) return;  // fetched again after a pause
  offsets.emplace_back(offset, false);
  if (!wanted(*message)) return settle(partition, offset);
  waiting_.push_back(std::move(message));
  hand_out_waiting();
}

void GroupMember::hand_out_waiting() {
  while (!waiting_.empty() && held_.size() < subscription_.max_in_flight) {
    uint64_t tag = next_tag_++;
    const Held& held = held_.emplace(tag, Held{std::move(waiting_.front())}).first->second;
    waiting_.pop_front();
    hand_out(tag, held);
  }
}

void GroupMember::hand_out(uint64_t tag, const Held& held) {
  delivered_.fetch_add(1, std::memory_order_relaxed);
  outlet_->post({decode(*held.message), held.attempt, tag});
}

void GroupMember::hand_out_rejected() {
  std::lock_guard lock(mutex_);
  for (uint64_t tag : std::exchange(rejected_, {})) {
    auto held = held_.find(tag);
    if (held == held_.end()) continue;
    ++held->second.attempt;
    hand_out(tag, held->second);
  }
}

void GroupMember::acknowledge(uint64_t tag) {
  std::lock_guard lock(mutex_);
  auto held = held_.find(tag);
  if (held == held_.end()) return;
  int32_t partition = held->second.message->partition;
  int64_t offset = held->second.message->offset;
  held_.erase(held);
  settle(partition, offset);
  bool full = waiting_.size() >= kMostWaiting;
  hand_out_waiting();
  if (full && waiting_.size() < kMostWaiting) room_.notify_one();
}

void GroupMember::reject(uint64_t tag) {
  std::lock_guard lock(mutex_);
  if (!held_.contains(tag)) return;
  rejected_.push_back(tag);  // the thread hands it out
  room_.notify_one();
}

void GroupMember::settle(int32_t number, int64_t offset) {
  Partition& partition = partitions_[number];
  auto& offsets = partition.offsets;
  auto at = std::lower_bound(offsets.begin(), offsets.end(), std::pair(offset, false));
  if (at == offsets.end() || at->first != offset) return;
  at->second = true;
  while (offsets.size() > 1 && offsets.front().second) offsets.pop_front();
  // The last one stays, so that it is known when it is fetched again.
  partition.next = offsets.front().second ? offsets.front().first + 1 : offsets.front().first;
}

void GroupMember::commit(bool wait) {
  SystemClock clock;
  Timestamp now = clock.monotonic();
  if (!wait && now < last_commit_ + kCommitInterval) return;
  last_commit_ = now;
  TopicList list(rd_kafka_topic_partition_list_new(8));
  {
    std::lock_guard lock(mutex_);
    for (auto& [number, partition] : partitions_) {
      if (partition.next < 0) continue;
      rd_kafka_topic_partition_list_add(list.get(), subscription_.stream.c_str(), number)->offset =
          partition.next;
      partition.next = -1;
    }
  }
  if (list->cnt == 0) return;
  rd_kafka_resp_err_t code = rd_kafka_commit(client_.get(), list.get(), wait ? 0 : 1);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  // Nothing is lost: what was not committed is delivered once more after a restart.
  log::warn("broker.kafka_commit_failed",
            {{"group", subscription_.group}, {"reason", rd_kafka_err2str(code)}});
}

}  // namespace ducat::broker::kafka
