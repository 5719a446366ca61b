// See receiver.h.
#include "platform/broker/rabbitmq/receiver.h"

#include <algorithm>

#include "platform/broker/backoff.h"
#include "platform/broker/rabbitmq/message_codec.h"
#include "platform/telemetry/logger.h"

namespace ducat::broker::rabbitmq {
namespace {

constexpr Duration kFirstPause = Duration::millis(50);
constexpr Duration kLongestPause = Duration::seconds(3);
constexpr size_t kLargestPrefetch = 65'535;  // 16 bits

}  // namespace

Receiver::Receiver(const RabbitOptions& options, Topology& topology, Clock& clock,
                   std::atomic<uint64_t>& delivered, SubscriptionOptions subscription, Executor& executor,
                   OnDeliveries on_deliveries)
    : options_(options),
      topology_(topology),
      clock_(clock),
      delivered_(delivered),
      subscription_(std::move(subscription)),
      types_(subscription_.types.begin(), subscription_.types.end()),
      outlet_(std::make_shared<DeliveryOutlet>(executor, std::move(on_deliveries))),
      thread_(std::make_unique<ThreadExecutor>("rabbit-receive")) {
  thread_->post([this] { run(); });
}

Receiver::~Receiver() {
  outlet_->close();
  stopping_ = true;
  wake_.set();
  thread_.reset();
}

void Receiver::say(uint64_t tag, bool handled) {
  {
    std::lock_guard lock(mutex_);
    words_.push_back({tag, handled});
    if (words_.size() > 1) return;  // woken already
  }
  wake_.set();
}

void Receiver::run() {
  Backoff pauses(kFirstPause, kLongestPause);
  while (!stopping_) {
    uint64_t before = delivered_;
    Status ended = serve();
    if (stopping_) return;
    if (delivered_ != before) pauses.reset();
    if (!ended) {
      log::warn("broker.subscription_failed",
                {{"stream", subscription_.stream}, {"reason", ended.error().message}});
    }
    Timestamp until = clock_.monotonic() + pauses.next();
    while (!stopping_ && clock_.monotonic() < until) wake_.wait(until - clock_.monotonic());
  }
}

Status Receiver::serve() {
  DUCAT_ASSIGN(auto connection, Connection::open(options_));
  DUCAT_ASSIGN(std::string queue, topology_.declare_queue(*connection, subscription_));
  auto prefetch = static_cast<uint16_t>(std::min(subscription_.max_in_flight, kLargestPrefetch));
  amqp_basic_qos(connection->state(), kChannel, 0, prefetch, 0);
  DUCAT_TRY(connection->reply("limiting what is in flight"));
  offset_ += first_ + in_flight_.size() - 1;
  in_flight_.clear();
  first_ = 1;
  amqp_basic_consume(connection->state(), kChannel, bytes(queue), amqp_empty_bytes, 0, 0, 0,
                     amqp_empty_table);
  DUCAT_TRY(connection->reply("consuming queue " + queue));
  return consume(*connection);
}

Status Receiver::consume(Connection& connection) {
  while (!stopping_) {
    DUCAT_TRY(take(connection));
    DUCAT_TRY(send_words(connection));
    connection.wait(wake_, Duration::seconds(1));
  }
  return send_words(connection);
}

// Everything that has come.
Status Receiver::take(Connection& connection) {
  for (;;) {
    amqp_maybe_release_buffers(connection.state());
    amqp_envelope_t envelope;
    timeval now{};
    amqp_rpc_reply_t answer = amqp_consume_message(connection.state(), &envelope, &now, 0);
    if (answer.reply_type == AMQP_RESPONSE_NORMAL) {
      hand_out(envelope);
      amqp_destroy_envelope(&envelope);
      continue;
    }
    if (answer.reply_type != AMQP_RESPONSE_LIBRARY_EXCEPTION)
      return fail(Errc::kUnavailable, "RabbitMQ ended the consumer");
    if (answer.library_error == AMQP_STATUS_TIMEOUT) return {};
    if (answer.library_error != AMQP_STATUS_UNEXPECTED_STATE)
      return connection.check("consuming", answer.library_error);
    amqp_frame_t frame;
    DUCAT_TRY(connection.next_frame(frame));
  }
}

void Receiver::hand_out(const amqp_envelope_t& envelope) {
  // Tags of a channel count up by one.
  in_flight_.push_back(State::kOpen);
  Received received = decode(envelope, subscription_.stream);
  uint64_t tag = offset_ + envelope.delivery_tag;
  if (!types_.empty() && !types_.contains(received.message.type)) {
    say(tag, true);
    return;
  }
  delivered_.fetch_add(1, std::memory_order_relaxed);
  outlet_->post({std::move(received.message), received.attempt, tag});
}

// Acknowledges the settled beginning at once, and what lies beyond it one by one.
Status Receiver::send_words(Connection& connection) {
  std::vector<Word> words;
  {
    std::lock_guard lock(mutex_);
    words.swap(words_);
  }
  std::vector<uint64_t> handled;
  for (const Word& word : words) {
    uint64_t tag = word.tag - offset_;
    if (word.tag <= offset_ || tag < first_ || tag - first_ >= in_flight_.size()) continue;
    State& state = in_flight_[tag - first_];
    if (state == State::kSettled) continue;
    state = State::kSettled;
    if (word.handled) {
      handled.push_back(tag);
    } else {
      DUCAT_TRY(connection.check("rejecting", amqp_basic_nack(connection.state(), kChannel, tag, 0, 1)));
    }
  }
  uint64_t settled = 0;
  while (!in_flight_.empty() && in_flight_.front() == State::kSettled) {
    in_flight_.pop_front();
    settled = first_++;
  }
  auto beyond = std::partition(handled.begin(), handled.end(), [&](uint64_t tag) { return tag <= settled; });
  if (beyond != handled.begin()) {
    uint64_t last = *std::max_element(handled.begin(), beyond);
    DUCAT_TRY(connection.check("acknowledging", amqp_basic_ack(connection.state(), kChannel, last, 1)));
  }
  for (auto tag = beyond; tag != handled.end(); ++tag)
    DUCAT_TRY(connection.check("acknowledging", amqp_basic_ack(connection.state(), kChannel, *tag, 0)));
  return {};
}

}  // namespace ducat::broker::rabbitmq
