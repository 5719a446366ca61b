// See puller.h. The pull protocol is that of NATS ADR-13, spoken directly: the library's fetch blocks a
// thread for each subscription.
#include "platform/broker/nats/puller.h"

#include <algorithm>
#include <charconv>

#include "platform/broker/nats/consumers.h"
#include "platform/telemetry/logger.h"

namespace ducat::broker::nats {
namespace {

constexpr Duration kRequestLife = Duration::seconds(30);
constexpr Duration kHeartbeat = Duration::seconds(3);
// Without any sign of life the request is taken for lost.
constexpr Duration kSilence = Duration::seconds(8);
constexpr int64_t kDrainMillis = 2000;
constexpr int64_t kFlushMillis = 2000;
constexpr const char kAcknowledge[] = "+ACK";
constexpr const char kReject[] = "-NAK";
constexpr const char kProlong[] = "+WPI";

std::string_view header(natsMsg* message, const char* name) {
  const char* value = nullptr;
  if (natsMsgHeader_Get(message, name, &value) != NATS_OK || value == nullptr) return {};
  return value;
}

}  // namespace

Puller::Puller(Environment environment, SubscriptionOptions options, Executor& executor,
               OnDeliveries on_deliveries)
    : environment_(std::move(environment)),
      options_(std::move(options)),
      outlet_(std::make_shared<DeliveryOutlet>(executor, std::move(on_deliveries))),
      consumer_(jetstream_name(options_.group)) {}

Status Puller::upkeep() {
  if (!environment_.connection.connected()) return {};
  uint64_t generation = environment_.connection.generation();
  {
    std::lock_guard lock(mutex_);
    if (closed_) return {};
    bool silent = requested_ > 0 && environment_.clock.monotonic() - heard_ > kSilence;
    if (ready_ && generation == generation_ && !silent) {
      prolong();
      ask();
      return {};
    }
    ready_ = false;
  }
  return set_up(generation);
}

Status Puller::set_up(uint64_t generation) {
  DUCAT_ASSIGN(StreamTable::Entry stream,
               environment_.streams.look_up(environment_.connection.jetstream(), options_.stream));
  std::string server = environment_.connection.server_id();
  if (server.empty()) return fail(Errc::kUnavailable, "the connection to NATS was lost");
  std::unordered_set<uint64_t> held;
  SubscriptionHandle old;
  bool first;
  {
    std::lock_guard lock(mutex_);
    old = std::move(subscription_);
    ++listener_;
    first = server_.empty();
    if (!first && server_ != server) forget_deliveries();
    for (const auto& [sequence, tag] : tags_) held.insert(sequence);
    for (const MessageHandle& message : held_back_) {
      if (auto info = parse_ack_subject(natsMsg_GetReply(message.get()))) held.insert(info->sequence);
    }
  }
  // Before anything is given back: the server must not send it where nobody listens.
  old.reset();
  DUCAT_TRY(declare_consumer(environment_.connection.jetstream(), *stream, options_, environment_.options));
  DUCAT_TRY(give_back_lost(environment_.connection, *stream, options_.group, held, first));
  std::lock_guard lock(mutex_);
  if (closed_) return {};
  stream_ = stream;
  for (const std::string& type : options_.types) subjects_.insert(stream_->prefix + type);
  DUCAT_TRY(listen());
  server_ = server;
  ready_ = true;
  generation_ = generation;
  requested_ = 0;
  heard_ = environment_.clock.monotonic();
  ask();
  return {};
}

// What the subscriber says of them is not passed on any more; the server delivers them again.
void Puller::forget_deliveries() {
  first_tag_ += slots_.size();
  slots_.clear();
  in_flight_ = 0;
  tags_.clear();
  held_back_.clear();
  settled_.clear();
  settled_set_.clear();
}

Status Puller::listen() {
  natsInbox* inbox = nullptr;
  DUCAT_TRY(check("NATS inbox", natsInbox_Create(&inbox)));
  inbox_ = inbox;
  natsInbox_Destroy(inbox);
  auto closure = std::make_unique<Listener>(Listener{shared_from_this(), listener_});
  natsMsgHandler take = [](natsConnection*, natsSubscription*, natsMsg* message, void* shared) {
    auto* listener = static_cast<Listener*>(shared);
    listener->puller->on_message(MessageHandle(message), listener->number);
  };
  natsOnCompleteCB on_end = [](void* shared) { delete static_cast<Listener*>(shared); };
  natsSubscription* made = nullptr;
  DUCAT_TRY(check("NATS subscribe", natsConnection_Subscribe(&made, environment_.connection.handle(),
                                                             inbox_.c_str(), take, closure.get())));
  SubscriptionHandle subscription(made);
  DUCAT_TRY(check("NATS subscribe", natsSubscription_SetOnCompleteCB(made, on_end, closure.get())));
  static_cast<void>(closure.release());  // on_end frees it
  DUCAT_TRY(check("NATS subscribe", natsSubscription_SetPendingLimits(made, -1, -1)));
  subscription_ = std::move(subscription);
  return {};
}

void Puller::on_message(MessageHandle message, uint64_t listener) {
  std::lock_guard lock(mutex_);
  if (listener != listener_) return;  // its server gives it out again
  heard_ = environment_.clock.monotonic();
  if (natsMsg_GetReply(message.get()) == nullptr) {
    on_status(message.get());
    return;
  }
  if (requested_ > 0) --requested_;
  arrived(std::move(message));
  if (!closed_) ask();
}

// An end of a request, or a heartbeat.
void Puller::on_status(natsMsg* message) {
  std::string_view status = header(message, "Status");
  if (status == "100") return;
  std::string_view left = header(message, "Nats-Pending-Messages");
  if (status == "408" && !left.empty()) {
    size_t count = 0;
    std::from_chars(left.data(), left.data() + left.size(), count);
    requested_ -= std::min(requested_, count);
    if (!closed_) ask();
    return;
  }
  // The consumer was put back, has another leader, or the server is starting: the upkeep looks at it first.
  ready_ = false;
}

bool Puller::wanted(const natsMsg* message) const {
  return subjects_.empty() || subjects_.contains(natsMsg_GetSubject(message));
}

void Puller::arrived(MessageHandle message) {
  const char* reply = natsMsg_GetReply(message.get());
  Result<DeliveryInfo> info = parse_ack_subject(reply);
  if (!info) {
    log::error("broker.delivery_unreadable", info.error(), {{"stream", options_.stream}});
    return;
  }
  if (auto known = tags_.find(info->sequence); known != tags_.end()) {
    Slot& slot = slots_[known->second - first_tag_];
    slot.reply = reply;
    slot.prolonged = environment_.clock.monotonic();
    return;
  }
  if (settled_set_.contains(info->sequence) || !wanted(message.get())) {
    answer(reply, kAcknowledge);
    return;
  }
  if (closed_ || in_flight_ >= options_.max_in_flight || !held_back_.empty()) {
    held_back_.push_back(std::move(message));
    return;
  }
  hand_out(message.get(), *info, reply);
}

void Puller::hand_out(natsMsg* message, const DeliveryInfo& info, const char* reply) {
  uint64_t tag = first_tag_ + slots_.size();
  slots_.push_back({reply, info.sequence, environment_.clock.monotonic()});
  tags_.emplace(info.sequence, tag);
  ++in_flight_;
  environment_.delivered.fetch_add(1, std::memory_order_relaxed);
  outlet_->post({decode(message, *stream_), info.attempt, tag});
}

void Puller::acknowledge(uint64_t tag) {
  settle(tag, kAcknowledge);
}

void Puller::reject(uint64_t tag) {
  settle(tag, kReject);
}

void Puller::settle(uint64_t tag, const char* verb) {
  std::lock_guard lock(mutex_);
  if (closed_ || tag < first_tag_ || tag - first_tag_ >= slots_.size()) return;
  Slot& slot = slots_[tag - first_tag_];
  if (slot.reply.empty()) return;
  answer(slot.reply, verb);
  if (verb == kAcknowledge) remember(slot.sequence);
  tags_.erase(slot.sequence);
  slot.reply.clear();
  --in_flight_;
  while (!slots_.empty() && slots_.front().reply.empty()) {
    slots_.pop_front();
    ++first_tag_;
  }
  while (!held_back_.empty() && in_flight_ < options_.max_in_flight) {
    MessageHandle next = std::move(held_back_.front());
    held_back_.pop_front();
    Result<DeliveryInfo> info = parse_ack_subject(natsMsg_GetReply(next.get()));
    if (info) hand_out(next.get(), *info, natsMsg_GetReply(next.get()));
  }
  ask();
}

// A redelivery that crossed its acknowledgement is not handed out.
void Puller::remember(uint64_t sequence) {
  size_t limit = options_.max_in_flight * 4;
  if (settled_set_.insert(sequence).second) settled_.push_back(sequence);
  if (settled_.size() <= limit) return;
  settled_set_.erase(settled_.front());
  settled_.pop_front();
}

// Lost with its connection, an answer costs a redelivery and nothing else.
void Puller::answer(const std::string& reply, const char* verb) {
  natsStatus status = natsConnection_PublishString(environment_.connection.handle(), reply.c_str(), verb);
  if (status != NATS_OK)
    log::debug("broker.answer_lost", {{"verb", verb}, {"reason", natsStatus_GetText(status)}});
}

void Puller::ask() {
  size_t taken = in_flight_ + held_back_.size() + requested_;
  size_t room = options_.max_in_flight - std::min(taken, options_.max_in_flight);
  bool worth_it = requested_ == 0 || room >= std::max<size_t>(options_.max_in_flight / 4, 1);
  if (!ready_ || room == 0 || !worth_it) return;
  // The library would keep the request for the next connection, which must not deliver before it is set up.
  if (environment_.connection.generation() != generation_ || !environment_.connection.connected()) return;
  std::string subject = "$JS.API.CONSUMER.MSG.NEXT." + stream_->name + "." + consumer_;
  std::string request = "{\"batch\":" + std::to_string(room) +
                        ",\"expires\":" + std::to_string(nanos(kRequestLife)) +
                        ",\"idle_heartbeat\":" + std::to_string(nanos(kHeartbeat)) + "}";
  natsStatus status = natsConnection_PublishRequestString(environment_.connection.handle(), subject.c_str(),
                                                          inbox_.c_str(), request.c_str());
  if (status != NATS_OK) {
    ready_ = false;  // the upkeep asks again
    return;
  }
  if (requested_ == 0) heard_ = environment_.clock.monotonic();
  requested_ += room;
}

void Puller::prolong() {
  Timestamp now = environment_.clock.monotonic();
  Duration due{environment_.options.ack_wait.micros / 3};
  for (Slot& slot : slots_) {
    if (slot.reply.empty() || now - slot.prolonged < due) continue;
    answer(slot.reply, kProlong);
    slot.prolonged = now;
  }
}

Status Puller::give_back(const std::vector<std::string>& open) {
  natsConnection* handle = environment_.connection.handle();
  if (open.empty())
    return check("flushing acknowledgements", natsConnection_FlushTimeout(handle, kFlushMillis));
  DUCAT_TRY(forget_requests(environment_.connection, *stream_, options_.group));
  for (size_t i = 0; i + 1 < open.size(); ++i) answer(open[i], kReject);
  return answer_and_wait(environment_.connection, open.back(), kReject);
}

void Puller::close() {
  outlet_->close();
  SubscriptionHandle subscription;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    subscription = std::move(subscription_);
  }
  // The server must not send here what is given back, and what it has sent must be given back in its order.
  if (subscription != nullptr) {
    natsStatus status = natsSubscription_DrainTimeout(subscription.get(), kDrainMillis);
    if (status == NATS_OK) status = natsSubscription_WaitForDrainCompletion(subscription.get(), kDrainMillis);
    if (status != NATS_OK) log::debug("broker.drain_failed", {{"reason", natsStatus_GetText(status)}});
  }
  std::vector<std::string> open;
  {
    std::lock_guard lock(mutex_);
    for (const Slot& slot : slots_) {
      if (!slot.reply.empty()) open.push_back(slot.reply);
    }
    for (const MessageHandle& message : held_back_) open.emplace_back(natsMsg_GetReply(message.get()));
    slots_.clear();
    held_back_.clear();
    tags_.clear();
  }
  if (!environment_.connection.connected()) return;  // given back by the time for acknowledgements
  Status given_back = give_back(open);
  if (!given_back) log::debug("broker.not_given_back", {{"reason", given_back.error().message}});
}

}  // namespace ducat::broker::nats
