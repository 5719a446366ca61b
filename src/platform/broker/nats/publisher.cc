// See publisher.h.
#include "platform/broker/nats/publisher.h"

#include <algorithm>
#include <charconv>

#include "platform/broker/backoff.h"
#include "platform/broker/nats/message_codec.h"
#include "platform/telemetry/logger.h"

namespace ducat::broker::nats {
namespace {

constexpr Duration kTick = Duration::millis(100);
// A server that confirms nothing for so long is given up; the connection is made again.
constexpr Duration kQuiet = Duration::seconds(6);
constexpr Duration kFirstPause = Duration::millis(50);
constexpr Duration kLongestPause = Duration::seconds(3);
// The server cannot store just now (its JetStream is starting, its disk is full).
constexpr Duration kRefusedPause = Duration::millis(200);

}  // namespace

// What the library's thread leaves for the publisher's.
struct Publisher::Answers {
  std::mutex mutex;
  PublishQueue* queue;   // null: the publisher is gone
  size_t prefix = 0;     // of the subjects that answers come on, before the number
  uint64_t again = 0;    // a message that is to be sent again, and all after it; 0: none
  bool crowded = false;  // because another publisher came between
  std::string trouble;

  void take(natsMsg* message) {
    std::lock_guard lock(mutex);
    std::string_view subject = natsMsg_GetSubject(message);
    uint64_t number = 0;
    if (queue == nullptr || subject.size() <= prefix) return;
    std::from_chars(subject.data() + prefix, subject.data() + subject.size(), number);
    if (natsMsg_IsNoResponders(message)) {
      send_again(number, false, "NATS has no JetStream, or no such stream, just now");
      return;
    }
    PublishAnswer answer =
        parse_answer({natsMsg_GetData(message), static_cast<size_t>(natsMsg_GetDataLength(message))});
    if (answer.stored) {
      queue->confirm(number);
    } else if (answer.code == JSStreamMessageExceedsMaximumErr) {
      queue->refuse(number, {Errc::kInvalid, "NATS: " + answer.text});
    } else {
      send_again(number, answer.code == JSStreamWrongLastMsgIDErr, "NATS: " + answer.text);
    }
  }

  void send_again(uint64_t number, bool by_another, std::string why) {
    // What follows a message that was refused is refused as well; only the first counts.
    if (again != 0 || !queue->is_open(number)) return;
    again = number;
    crowded = by_another;
    trouble = std::move(why);
    queue->wake();
  }
};

Publisher::Publisher(const NatsOptions& options, PublishQueue& queue, Clock& clock, Prepare prepare,
                     StreamTable& streams)
    : options_(options), queue_(queue), clock_(clock), prepare_(std::move(prepare)), streams_(streams) {}

Publisher::~Publisher() {
  stop();
}

void Publisher::start() {
  thread_ = std::make_unique<ThreadExecutor>("nats-publish");
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
    Timestamp until = clock_.monotonic() + pauses.next();
    queue_.rewind();
    while (!stopping_ && clock_.monotonic() < until) {
      queue_.expire(trouble());
      pause(std::min(kTick, until - clock_.monotonic()));
    }
  }
}

// Waits on the queue's condition without being woken by what waits to be sent.
void Publisher::pause(Duration limit) {
  queue_.set_window(0);
  queue_.wait(limit);
  queue_.set_window(window_);
}

Status Publisher::serve() {
  auto answers = std::make_shared<Answers>();
  answers->queue = &queue_;
  auto changed = [answers] {
    std::lock_guard lock(answers->mutex);
    if (answers->queue != nullptr) answers->queue->wake();
  };
  Status ended = [&]() -> Status {
    DUCAT_ASSIGN(auto connection, Connection::open(options_, Connection::Life::kOnce, changed));
    DUCAT_TRY(prepare_(*connection));
    DUCAT_ASSIGN(SubscriptionHandle subscription, listen(*connection, answers));
    queue_.rewind();
    last_sent_.clear();
    window_ = options_.publishing.window;
    queue_.set_window(window_);
    connected_ = true;
    Status sent = send_all(*connection, *answers);
    connected_ = false;
    return sent;
  }();
  std::lock_guard lock(answers->mutex);
  answers->queue = nullptr;
  return ended;
}

Result<SubscriptionHandle> Publisher::listen(Connection& connection,
                                             const std::shared_ptr<Answers>& answers) {
  natsInbox* inbox = nullptr;
  DUCAT_TRY(check("NATS inbox", natsInbox_Create(&inbox)));
  inbox_ = std::string(inbox) + ".";
  natsInbox_Destroy(inbox);
  answers->prefix = inbox_.size();
  natsSubscription* made = nullptr;
  auto closure = std::make_unique<std::shared_ptr<Answers>>(answers);
  natsMsgHandler on_answer = [](natsConnection*, natsSubscription*, natsMsg* message, void* shared) {
    MessageHandle owned(message);
    (*static_cast<std::shared_ptr<Answers>*>(shared))->take(message);
  };
  natsOnCompleteCB on_end = [](void* shared) { delete static_cast<std::shared_ptr<Answers>*>(shared); };
  DUCAT_TRY(
      check("NATS subscribe", natsConnection_Subscribe(&made, connection.handle(), (inbox_ + "*").c_str(),
                                                       on_answer, closure.get())));
  SubscriptionHandle subscription(made);
  DUCAT_TRY(check("NATS subscribe", natsSubscription_SetOnCompleteCB(made, on_end, closure.get())));
  static_cast<void>(closure.release());  // on_end frees it
  DUCAT_TRY(check("NATS subscribe", natsSubscription_SetPendingLimits(made, -1, -1)));
  return subscription;
}

Status Publisher::send_all(Connection& connection, Answers& answers) {
  uint64_t grown_at = queue_.confirmed();
  while (!stopping_) {
    if (!connection.connected()) return fail(Errc::kUnavailable, "the connection to NATS was lost");
    DUCAT_TRY(send_again(answers));
    for (auto next = queue_.next(); next.message != nullptr; next = queue_.next()) {
      DUCAT_TRY(send(connection, next));
      if (stopping_) break;
    }
    queue_.expire(trouble());
    if (queue_.in_flight() > 0 && clock_.monotonic() - queue_.quiet_since() > kQuiet)
      return fail(Errc::kTimeout, "NATS does not confirm");
    uint64_t confirmed = queue_.confirmed();
    if (window_ < options_.publishing.window && confirmed >= grown_at + window_) {
      window_ = std::min(window_ * 2, options_.publishing.window);
      queue_.set_window(window_);
      grown_at = confirmed;
    }
    queue_.wait(kTick);
  }
  return {};
}

// Begins again from a message that was refused for now.
Status Publisher::send_again(Answers& answers) {
  std::unique_lock lock(answers.mutex);
  if (answers.again == 0) return {};
  bool crowded = answers.crowded;
  Error why{Errc::kUnavailable, answers.trouble};
  queue_.rewind();  // under the lock: answers to what was sent before are not taken for new ones
  answers.again = 0;
  lock.unlock();
  last_sent_.clear();
  note(why);
  window_ = crowded ? std::max<size_t>(window_ / 2, 1) : window_;
  if (crowded) {
    queue_.set_window(window_);
  } else {
    pause(kRefusedPause);
  }
  return {};
}

Status Publisher::send(Connection& connection, const PublishQueue::Send& next) {
  const Message& message = *next.message;
  Result<StreamTable::Entry> stream = streams_.look_up(connection.jetstream(), message.stream);
  if (!stream) {
    if (stream.error().retryable()) return propagate(stream);
    queue_.refuse(next.number, std::move(stream.error()));
    return {};
  }
  Result<std::string> subject = subject_of(**stream, message.type);
  if (!subject) {
    queue_.refuse(next.number, std::move(subject.error()));
    return {};
  }
  Last& last = last_sent_[message.stream];
  bool follows = last.number != 0 && queue_.is_open(last.number);
  DUCAT_ASSIGN(MessageHandle made,
               encode(message, *subject, inbox_ + std::to_string(next.number), follows ? last.id : ""));
  last = {next.number, message.id};
  natsStatus status = natsConnection_PublishMsg(connection.handle(), made.get());
  if (status == NATS_MAX_PAYLOAD) {
    queue_.refuse(next.number, failed("NATS", status).error());
    return {};
  }
  return check("publishing to NATS", status);
}

}  // namespace ducat::broker::nats
