// See publisher.h.
#include "platform/broker/rabbitmq/publisher.h"

#include <algorithm>

#include "platform/broker/backoff.h"
#include "platform/broker/rabbitmq/message_codec.h"
#include "platform/broker/rabbitmq/topology.h"
#include "platform/telemetry/logger.h"

namespace ducat::broker::rabbitmq {
namespace {

constexpr Duration kTick = Duration::millis(100);
// A server that confirms nothing for so long is given up; the connection is made again.
constexpr Duration kQuiet = Duration::seconds(10);
constexpr Duration kFirstPause = Duration::millis(50);
constexpr Duration kLongestPause = Duration::seconds(3);
// So many are sent before confirmations are looked at.
constexpr int kBurst = 64;

}  // namespace

Publisher::Publisher(const RabbitOptions& options, PublishQueue& queue, Clock& clock,
                     std::function<void()> on_connected)
    : options_(options), queue_(queue), clock_(clock), on_connected_(std::move(on_connected)) {
  queue_.on_ready([this] { wake_.set(); });
}

void Publisher::start() {
  thread_ = std::make_unique<ThreadExecutor>("rabbit-publish");
  thread_->post([this] { run(); });
}

void Publisher::stop() {
  if (thread_ == nullptr) return;
  stopping_ = true;
  queue_.wake();
  thread_.reset();
}

std::string Publisher::trouble() const {
  std::lock_guard lock(trouble_mutex_);
  return trouble_;
}

void Publisher::note(const Error& trouble) {
  std::lock_guard lock(trouble_mutex_);
  trouble_ = trouble.message;
}

void Publisher::run() {
  Backoff pauses(kFirstPause, kLongestPause);
  while (!stopping_) {
    uint64_t before = queue_.confirmed();
    Status ended = serve();
    if (stopping_) return;
    if (queue_.confirmed() != before) pauses.reset();
    if (!ended) {
      note(ended.error());
      log::warn("broker.publisher_disconnected", {{"reason", ended.error().message}});
    }
    queue_.rewind();
    Timestamp until = clock_.monotonic() + pauses.next();
    queue_.set_window(0);
    while (!stopping_ && clock_.monotonic() < until) {
      queue_.expire(trouble());
      queue_.wait(std::min(kTick, until - clock_.monotonic()));
    }
    queue_.set_window(options_.publishing.window);
  }
}

Status Publisher::serve() {
  DUCAT_ASSIGN(auto connection, Connection::open(options_));
  amqp_confirm_select(connection->state(), kChannel);
  DUCAT_TRY(connection->reply("asking for confirmations"));
  queue_.rewind();
  sent_.clear();
  known_.clear();
  first_tag_ = 1;
  connected_ = true;
  on_connected_();
  Status ended = work(*connection);
  connected_ = false;
  return ended;
}

Status Publisher::work(Connection& connection) {
  while (!stopping_) {
    DUCAT_TRY(send(connection));
    DUCAT_TRY(take_answers(connection));
    queue_.expire(trouble());
    if (queue_.in_flight() > 0 && clock_.monotonic() - queue_.quiet_since() > kQuiet)
      return fail(Errc::kTimeout, "RabbitMQ does not confirm");
    if (!queue_.has_next()) connection.wait(wake_, kTick);
  }
  return {};
}

Status Publisher::send(Connection& connection) {
  for (int i = 0; i < kBurst; ++i) {
    PublishQueue::Send next = queue_.next();
    if (next.message == nullptr) return {};
    const Message& message = *next.message;
    Status known = know(connection, message.stream);
    if (!known) {
      if (known.error().code != Errc::kNotFound) return known;
      queue_.refuse(next.number, std::move(known.error()));
      // The refusal has cost the channel, and with it what was unconfirmed on it.
      return fail(Errc::kUnavailable, "a message for an exchange that does not exist");
    }
    EncodedProperties properties(message);
    int sent = amqp_basic_publish(connection.state(), kChannel, bytes(message.stream), bytes(message.type), 0,
                                  0, &properties.get(), bytes(message.body));
    DUCAT_TRY(connection.check("publishing to RabbitMQ", sent));
    sent_.push_back(next.number);
  }
  return {};
}

// Publishing to an exchange that is not there would end the channel, again and again.
Status Publisher::know(Connection& connection, const std::string& stream) {
  if (known_.contains(stream)) return {};
  DUCAT_TRY(Topology::check_exchange(connection, stream));
  known_.insert(stream);
  return {};
}

Status Publisher::take_answers(Connection& connection) {
  amqp_frame_t frame;
  for (;;) {
    DUCAT_ASSIGN(bool came, connection.next_frame(frame));
    if (!came) return {};
    if (frame.frame_type != AMQP_FRAME_METHOD) continue;
    if (frame.payload.method.id == AMQP_BASIC_ACK_METHOD) {
      const auto& ack = *static_cast<const amqp_basic_ack_t*>(frame.payload.method.decoded);
      settle(ack.delivery_tag, ack.multiple != 0, true);
    } else if (frame.payload.method.id == AMQP_BASIC_NACK_METHOD) {
      const auto& nack = *static_cast<const amqp_basic_nack_t*>(frame.payload.method.decoded);
      settle(nack.delivery_tag, nack.multiple != 0, false);
    }
  }
}

void Publisher::settle(uint64_t tag, bool multiple, bool stored) {
  if (tag < first_tag_ || tag - first_tag_ >= sent_.size()) return;
  for (uint64_t each = multiple ? first_tag_ : tag; each <= tag; ++each) {
    uint64_t& number = sent_[each - first_tag_];
    if (number == 0) continue;  // settled before
    if (stored) {
      queue_.confirm(number);
    } else {
      queue_.refuse(number, {Errc::kUnavailable, "RabbitMQ could not store a message"});
    }
    number = 0;
  }
  while (!sent_.empty() && sent_.front() == 0) {
    sent_.pop_front();
    ++first_tag_;
  }
}

}  // namespace ducat::broker::rabbitmq
