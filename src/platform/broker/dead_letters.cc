// See dead_letters.h.
#include "platform/broker/dead_letters.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>

#include "platform/storage/concat.h"

namespace ducat::broker {
namespace {

constexpr Duration kRetention = Duration::seconds(30 * 24 * 3600);
constexpr size_t kLongestReason = 500;
constexpr size_t kLongestIdPart = 200;
constexpr uint64_t kMovedAtOnce = 20;  // each may be as large as a message can be

StreamSpec stream_of_group(const std::string& group, std::string_view what) {
  StreamSpec spec;
  spec.name = storage::concat(group, ".", what);
  spec.type_prefixes = {""};  // a dead letter keeps its type
  spec.subject_prefix = spec.name + ".";
  spec.retention = kRetention;
  spec.max_bytes = int64_t{256} << 20;
  spec.partitions = 1;
  return spec;
}

// At most so many bytes, and no half of a character at the end.
std::string cut(std::string_view text, size_t limit) {
  if (text.size() <= limit) return std::string(text);
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return std::string(text.substr(0, limit));
}

std::string on_one_line(std::string_view text) {
  std::string line = cut(text, kLongestReason);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; },
      ' ');
  return line;
}

// What a subscription has brought, for a thread that waits for it.
class Letters {
 public:
  explicit Letters(const DeadLetterOptions& options) : options_(options) {}

  Status open(Broker& broker) {
    SubscriptionOptions wanted{dead_stream(options_.group).name,
                               {},
                               options_.group + "-redrive",
                               static_cast<size_t>(std::clamp<uint64_t>(options_.limit, 1, kMostInFlight))};
    DUCAT_ASSIGN(subscription_, broker.subscribe(std::move(wanted), executor_, [this](auto deliveries) {
      std::lock_guard lock(mutex_);
      std::move(deliveries.begin(), deliveries.end(), std::back_inserter(arrived_));
      changed_.notify_all();
    }));
    return {};
  }
  // What has come and was not taken, at most so many; empty when it has been quiet for long enough.
  std::vector<Delivery> take(uint64_t limit) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::microseconds(options_.quiet.micros),
                      [&] { return !arrived_.empty(); });
    auto end = arrived_.begin() + static_cast<ptrdiff_t>(std::min<uint64_t>(limit, arrived_.size()));
    std::vector<Delivery> taken(std::move_iterator(arrived_.begin()), std::move_iterator(end));
    arrived_.erase(arrived_.begin(), end);
    return taken;
  }
  Subscription& subscription() { return *subscription_; }
  Executor& executor() { return executor_; }

 private:
  static constexpr uint64_t kMostInFlight = 10'000;

  const DeadLetterOptions& options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Delivery> arrived_;
  ThreadExecutor executor_{"dead-letters"};  // before the subscription, which it outlives
  std::unique_ptr<Subscription> subscription_;
};

Status publish_and_wait(Broker& broker, std::vector<Message> messages, Executor& executor,
                        Duration patience) {
  // Shared with an answer that comes after the time is over.
  auto answer = std::make_shared<std::promise<Status>>();
  std::future<Status> outcome = answer->get_future();
  broker.publish(std::move(messages), executor,
                 [answer](Status status) { answer->set_value(std::move(status)); });
  if (outcome.wait_for(std::chrono::microseconds(patience.micros)) != std::future_status::ready)
    return fail(Errc::kTimeout, "the broker has not confirmed what was moved");
  return outcome.get();
}

}  // namespace

StreamSpec dead_stream(const std::string& group) {
  return stream_of_group(group, "dlq");
}

StreamSpec retry_stream(const std::string& group) {
  return stream_of_group(group, "retry");
}

std::string_view header(const Message& message, std::string_view name) {
  for (const auto& [key, value] : message.headers) {
    if (key == name) return value;
  }
  return {};
}

Message make_dead_letter(const Message& message, const std::string& group, const Error& why,
                         uint64_t attempts, Timestamp at) {
  Message letter = message;
  letter.stream = dead_stream(group).name;
  letter.id = storage::concat(cut(message.id, kLongestIdPart), "@", at.micros);
  std::erase_if(letter.headers, [](const auto& header) { return header.first.starts_with("dead-"); });
  auto add = [&](std::string_view name, std::string value) {
    letter.headers.emplace_back(std::string(name), std::move(value));
  };
  add(kDeadReason, on_one_line(why.message));
  add(kDeadAttempts, std::to_string(attempts));
  add(kDeadStream, message.stream);
  add(kDeadType, message.type);
  add(kDeadId, message.id);
  add(kDeadAt, to_iso8601(at));
  return letter;
}

Message make_redriven(const Message& dead_letter, const std::string& group) {
  Message redriven = dead_letter;
  redriven.stream = retry_stream(group).name;
  return redriven;
}

Result<uint64_t> list_dead_letters(Broker& broker, const DeadLetterOptions& options,
                                   const std::function<void(const Message&)>& show) {
  Letters letters(options);
  DUCAT_TRY(letters.open(broker));
  uint64_t seen = 0;
  // More than the subscription may hold back do not come while nothing is acknowledged.
  while (seen < options.limit) {
    std::vector<Delivery> some = letters.take(options.limit - seen);
    if (some.empty()) break;
    for (const Delivery& delivery : some) show(delivery.message);
    seen += some.size();
  }
  return seen;
}

Result<uint64_t> redrive_dead_letters(Broker& broker, const DeadLetterOptions& options) {
  Letters letters(options);
  DUCAT_TRY(letters.open(broker));
  DUCAT_TRY(broker.declare(retry_stream(options.group)));
  uint64_t moved = 0;
  while (moved < options.limit && (options.stopped == nullptr || !*options.stopped)) {
    std::vector<Delivery> some = letters.take(std::min(options.limit - moved, kMovedAtOnce));
    if (some.empty()) break;
    std::vector<Message> copies;
    for (const Delivery& delivery : some) copies.push_back(make_redriven(delivery.message, options.group));
    DUCAT_TRY(publish_and_wait(broker, std::move(copies), letters.executor(), options.patience));
    for (const Delivery& delivery : some) letters.subscription().acknowledge(delivery.tag);
    moved += some.size();
  }
  return moved;
}

void restore_id(Message& redriven) {
  std::string_view id = header(redriven, kDeadId);
  if (!id.empty()) redriven.id = std::string(id);
}

}  // namespace ducat::broker
