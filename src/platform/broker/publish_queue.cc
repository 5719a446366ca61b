// See publish_queue.h.
#include "platform/broker/publish_queue.h"

#include <chrono>

#include "base/check.h"

namespace ducat::broker {

PublishQueue::~PublishQueue() {
  close();
}

void PublishQueue::add(Batch batch, Executor& executor, OnPublished done, uint64_t epoch) {
  auto job = std::make_shared<Job>();
  job->messages = std::move(batch);
  job->executor = &executor;
  job->done = std::move(done);
  job->deadline = clock_.monotonic() + limits_.time_limit;
  for (const Message& message : *job->messages) job->bytes += message.body.size();
  std::unique_lock lock(mutex_);
  Status refused;
  if (closed_) {
    refused = fail(Errc::kCancelled, "the broker is stopping");
  } else if (epoch != 0 && epoch != epoch_) {
    refused = fail(Errc::kUnavailable, "the broker's server is another one now");
  } else if (waiting_ + job->messages->size() > limits_.waiting ||
             waiting_bytes_ + job->bytes > limits_.waiting_bytes) {
    refused = fail(Errc::kFull, "too many messages wait for the broker");
  }
  if (!refused || job->messages->empty()) {
    finish(*job, std::move(refused));
    return;
  }
  waiting_ += job->messages->size();
  waiting_bytes_ += job->bytes;
  jobs_.push_back(std::move(job));
  lock.unlock();
  notify();
}

void PublishQueue::notify() {
  wake_.notify_all();
  if (ready_) ready_();
}

void PublishQueue::finish(Job& job, Status status) {
  job.executor->post([done = std::move(job.done), status = std::move(status)]() mutable {
    if (done) done(std::move(status));
  });
}

// Takes a job whose outcome is an error out of the queue; its messages in flight have no owner any more.
void PublishQueue::drop(const std::shared_ptr<Job>& job, Error error) {
  for (Slot& slot : slots_) {
    if (slot.job == job) slot.job.reset();
  }
  for (size_t i = 0; i < jobs_.size(); ++i) {
    if (jobs_[i] != job) continue;
    jobs_.erase(jobs_.begin() + static_cast<ptrdiff_t>(i));
    if (sending_ > i) --sending_;
    break;
  }
  waiting_ -= job->messages->size() - job->confirmed;
  waiting_bytes_ -= job->bytes;
  finish(*job, std::unexpected(std::move(error)));
}

void PublishQueue::fail_all(const Error& error) {
  std::lock_guard lock(mutex_);
  ++epoch_;
  while (!jobs_.empty()) drop(std::shared_ptr<Job>(jobs_.front()), error);
}

uint64_t PublishQueue::epoch() const {
  std::lock_guard lock(mutex_);
  return epoch_;
}

void PublishQueue::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  fail_all({Errc::kCancelled, "the broker is stopping"});
  notify();
}

bool PublishQueue::can_send() const {
  if (sending_ >= jobs_.size()) return false;
  const Job& job = *jobs_[sending_];
  return slots_.empty() || (slots_.size() < window_ &&
                            window_bytes_ + (*job.messages)[job.sent].body.size() <= limits_.window_bytes);
}

PublishQueue::Send PublishQueue::next() {
  std::lock_guard lock(mutex_);
  if (!can_send()) return {};
  std::shared_ptr<Job> job = jobs_[sending_];
  const Message& message = (*job->messages)[job->sent];
  if (slots_.empty()) quiet_since_ = clock_.monotonic();
  slots_.push_back({job, message.body.size(), false});
  window_bytes_ += message.body.size();
  if (++job->sent == job->messages->size()) ++sending_;
  last_sent_ = std::move(job);
  return {&message, first_number_ + slots_.size() - 1};
}

bool PublishQueue::has_next() const {
  std::lock_guard lock(mutex_);
  return can_send();
}

bool PublishQueue::is_open(uint64_t number) const {
  std::lock_guard lock(mutex_);
  return number >= first_number_ && number - first_number_ < slots_.size() &&
         !slots_[number - first_number_].confirmed;
}

void PublishQueue::set_window(size_t messages) {
  std::lock_guard lock(mutex_);
  window_ = std::min(messages, limits_.window);
}

void PublishQueue::rewind() {
  std::lock_guard lock(mutex_);
  first_number_ += slots_.size();
  slots_.clear();
  window_bytes_ = 0;
  for (const auto& job : jobs_) job->sent = job->confirmed;
  sending_ = 0;
}

// Takes the confirmed beginning out of the window; jobs end in the order they came.
void PublishQueue::settle() {
  bool was_shut = !can_send();
  while (!slots_.empty() && slots_.front().confirmed) {
    Slot slot = std::move(slots_.front());
    slots_.pop_front();
    ++first_number_;
    window_bytes_ -= slot.bytes;
    if (slot.job == nullptr) continue;
    Job& job = *slot.job;
    ++confirmed_;
    --waiting_;
    if (++job.confirmed < job.messages->size()) continue;
    DUCAT_CHECK(jobs_.front() == slot.job, "messages are confirmed in the order of their calls");
    waiting_bytes_ -= job.bytes;
    jobs_.pop_front();
    --sending_;
    finish(job, {});
  }
  quiet_since_ = clock_.monotonic();
  if (was_shut && can_send()) notify();
}

void PublishQueue::confirm(uint64_t number) {
  std::lock_guard lock(mutex_);
  if (number < first_number_ || number - first_number_ >= slots_.size()) return;
  slots_[number - first_number_].confirmed = true;
  settle();
}

void PublishQueue::confirm_until(uint64_t number) {
  std::lock_guard lock(mutex_);
  for (size_t i = 0; i < slots_.size() && first_number_ + i <= number; ++i) slots_[i].confirmed = true;
  settle();
}

void PublishQueue::refuse(uint64_t number, Error error) {
  std::lock_guard lock(mutex_);
  if (number < first_number_ || number - first_number_ >= slots_.size()) return;
  Slot& slot = slots_[number - first_number_];
  slot.confirmed = true;  // it keeps nobody's place any more
  if (slot.job != nullptr) drop(std::shared_ptr<Job>(slot.job), std::move(error));
  settle();
}

void PublishQueue::expire(const std::string& trouble) {
  std::lock_guard lock(mutex_);
  Timestamp now = clock_.monotonic();
  // Deadlines are in the order of the queue.
  while (!jobs_.empty() && jobs_.front()->deadline <= now) {
    std::shared_ptr<Job> job = jobs_.front();
    drop(job, {Errc::kUnavailable, "not confirmed in time: " + trouble});
  }
}

void PublishQueue::wait(Duration limit) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, std::chrono::microseconds(limit.micros),
                 [this] { return closed_ || woken_ || can_send(); });
  woken_ = false;
}

void PublishQueue::wake() {
  {
    std::lock_guard lock(mutex_);
    woken_ = true;
  }
  notify();
}

uint64_t PublishQueue::confirmed() const {
  std::lock_guard lock(mutex_);
  return confirmed_;
}

size_t PublishQueue::in_flight() const {
  std::lock_guard lock(mutex_);
  return slots_.size();
}

size_t PublishQueue::waiting() const {
  std::lock_guard lock(mutex_);
  return waiting_;
}

Timestamp PublishQueue::quiet_since() const {
  std::lock_guard lock(mutex_);
  return quiet_since_;
}

}  // namespace ducat::broker
