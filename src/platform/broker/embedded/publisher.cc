// See publisher.h.
#include "platform/broker/embedded/publisher.h"

#include <algorithm>

#include "platform/broker/limits.h"

namespace ducat::broker {
namespace {

void answer(Executor& executor, OnPublished done, Status status) {
  executor.post([done = std::move(done), status = std::move(status)]() mutable { done(std::move(status)); });
}

}  // namespace

Status LogPublisher::check(const std::vector<Message>& messages) const {
  DUCAT_TRY(check_messages(messages));
  for (const Message& message : messages) {
    if (!log_.has(message.stream))
      return fail(Errc::kNotFound, "there is no stream " + message.stream + ": declare it first");
  }
  return {};
}

void LogPublisher::publish(std::vector<Message> messages, Executor& executor, OnPublished done) {
  if (Status sound = check(messages); !sound) {
    answer(executor, std::move(done), std::move(sound));
    return;
  }
  size_t bytes = 0;
  for (const Message& message : messages) bytes += message.body.size();
  bool first, full;
  {
    std::lock_guard lock(mutex_);
    full = !requests_.empty() && bytes_ + bytes > queue_bytes_;
    first = requests_.empty();
    if (!full) {
      bytes_ += bytes;
      requests_.push_back({messages.size(), &executor, std::move(done)});
      std::move(messages.begin(), messages.end(), std::back_inserter(messages_));
    }
  }
  if (full) {
    // NOLINTNEXTLINE(bugprone-use-after-move): moved only if there was room
    answer(executor, std::move(done), fail(Errc::kUnavailable, "too much waits to be published"));
  } else if (first) {
    write_.post([this] { write(); });
  }
}

void LogPublisher::write() {
  std::vector<Message> messages;
  std::vector<Request> requests;
  {
    std::lock_guard lock(mutex_);
    messages.swap(messages_);
    requests.swap(requests_);
    bytes_ = 0;
  }
  Status outcome = messages.empty() ? Status{} : log_.append(messages, clock_.now());
  if (outcome) {
    published_.fetch_add(messages.size(), std::memory_order_relaxed);
    std::vector<std::string> streams;
    for (const Message& message : messages) {
      if (std::find(streams.begin(), streams.end(), message.stream) == streams.end())
        streams.push_back(message.stream);
    }
    written_(streams);
  }
  for (Request& request : requests) answer(*request.executor, std::move(request.done), outcome);
}

}  // namespace ducat::broker
