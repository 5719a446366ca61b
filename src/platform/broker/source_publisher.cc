// See source_publisher.h. Everything but the counters belongs to the executor.
#include "platform/broker/source_publisher.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "platform/broker/backoff.h"
#include "platform/telemetry/logger.h"

namespace ducat::broker {

struct SourcePublisher::Impl : std::enable_shared_from_this<Impl> {
  Impl(std::string stream_name, Source& from, Timers& with, Executor& on, PublishBatch by,
       SourcePublisherOptions given)
      : stream(std::move(stream_name)),
        source(from),
        timers(with),
        executor(on),
        publish(std::move(by)),
        options(given),
        pauses(given.first_pause, given.longest_pause) {}

  void post(void (Impl::*work)()) {
    executor.post([self = shared_from_this(), work] { (self.get()->*work)(); });
  }
  void after(Duration delay, std::optional<Timers::Id>& timer, void (Impl::*work)()) {
    timer = timers.after(delay, executor, [self = shared_from_this(), work] { (self.get()->*work)(); });
  }
  void cancel(std::optional<Timers::Id>& timer) {
    if (timer) timers.cancel(*timer);
    timer.reset();
  }

  void wake() {
    if (!woken.exchange(true)) post(&Impl::run);
  }

  // Takes the next step if there is nothing under way that will.
  void run() {
    woken = false;
    if (stopping || batch || retry_timer) return;
    if (next == chunk.messages.size() && !read()) return;
    make_batch();
    send();
  }

  // The next chunk with messages in it; false if there is none now.
  bool read() {
    if (const uint64_t now = source.term(); now != term) {
      Result<uint64_t> at = source.published();
      if (!at) {
        failed(at.error());
        return false;
      }
      term = now;
      reached = std::max(reached, *at);
    }
    Result<Source::Chunk> found = source.read(reached, options.batch_messages, {});
    if (!found) {
      failed(found.error());
      return false;
    }
    chunk = std::move(*found);
    next = 0;
    if (!chunk.messages.empty()) {
      unpublished.store(chunk.messages.size(), std::memory_order_relaxed);
      return true;
    }
    if (chunk.reached != reached) {
      confirm(chunk.reached);
      wake();  // others on this executor have their turn before the next chunk
    }
    return false;
  }

  void make_batch() {
    std::vector<Message> messages;
    size_t bytes = 0;
    while (next < chunk.messages.size() && messages.size() < options.batch_messages) {
      Message& message = chunk.messages[next].message;
      if (!messages.empty() && bytes + message.body.size() > options.batch_bytes) break;
      bytes += message.body.size();
      message.stream = stream;
      messages.push_back(std::move(message));
      ++next;
    }
    batch_end = next == chunk.messages.size() ? chunk.reached : chunk.messages[next - 1].number;
    batch = std::make_shared<const std::vector<Message>>(std::move(messages));
  }

  void send() {
    retry_timer.reset();
    if (stopping) return;
    set_under_way(true);
    publish(batch, [self = shared_from_this()](Status status) {
      self->executor.post(
          [self, answer = std::move(status)]() mutable { self->answered(std::move(answer)); });
    });
  }

  void answered(Status status) {
    if (status) {
      pauses.reset();
      published.fetch_add(batch->size(), std::memory_order_relaxed);
      unpublished.fetch_sub(batch->size(), std::memory_order_relaxed);
      batch.reset();
      set_trouble({});
      confirm(batch_end);
      set_under_way(false);
      wake();
      return;
    }
    set_under_way(false);
    failed(status.error());
  }

  // Tries again what failed, reading or sending, after a pause.
  void failed(const Error& error) {
    log::warn("broker.publish_failed", {{"stream", stream}, {"reason", error.message}});
    set_trouble(error.message);
    if (!stopping) after(pauses.next(), retry_timer, &Impl::retry);
  }
  void retry() {
    retry_timer.reset();
    if (batch) {
      send();
    } else {
      run();
    }
  }
  void hurry() {
    if (!retry_timer || !timers.cancel(*retry_timer)) return;
    pauses.reset();
    retry();
  }

  void confirm(uint64_t number) {
    reached = number;
    if (!save_timer && !stopping) after(options.save_interval, save_timer, &Impl::save);
  }
  void save() {
    save_timer.reset();
    if (saved == reached) return;
    Status done = source.set_published(reached);
    if (done) {
      saved = reached;
      return;
    }
    // The old position only makes repeats; the next confirmation saves again.
    log::warn("broker.position_not_saved", {{"stream", stream}, {"reason", done.error().message}});
    if (!stopping) after(options.save_interval, save_timer, &Impl::save);
  }

  // Runs on the executor, after what was under way when the stop began.
  void finish() {
    cancel(save_timer);
    save();
    std::lock_guard lock(mutex);
    finished = true;
    changed.notify_all();
  }
  void begin_stop() {
    stopping = true;
    cancel(retry_timer);
    std::lock_guard lock(mutex);
    stop_begun = true;
    changed.notify_all();
  }

  void set_under_way(bool now) {
    std::lock_guard lock(mutex);
    under_way = now;
    changed.notify_all();
  }
  void set_trouble(std::string text) {
    std::lock_guard lock(mutex);
    trouble = std::move(text);
  }

  const std::string stream;
  Source& source;
  Timers& timers;
  Executor& executor;
  const PublishBatch publish;
  const SourcePublisherOptions options;

  std::optional<uint64_t> listener;
  bool stopping = false;
  Source::Chunk chunk;
  size_t next = 0;  // of the chunk's messages, the first that is in no batch yet
  Batch batch;      // sent, or waiting for its next attempt
  uint64_t batch_end = 0;
  uint64_t reached = 0;  // everything up to here is confirmed
  uint64_t saved = 0;
  uint64_t term = 0;  // of the source, when it was asked where to begin
  Backoff pauses;
  std::optional<Timers::Id> retry_timer, save_timer;

  std::atomic<bool> woken{false};
  std::atomic<uint64_t> published{0}, unpublished{0};
  std::mutex mutex;
  std::condition_variable changed;
  bool under_way = false;
  bool stop_begun = false;
  bool finished = false;
  std::string trouble;
};

SourcePublisher::SourcePublisher(std::string stream, Source& source, Timers& timers, Executor& executor,
                                 PublishBatch publish, SourcePublisherOptions options)
    : impl_(
          std::make_shared<Impl>(std::move(stream), source, timers, executor, std::move(publish), options)) {}

SourcePublisher::~SourcePublisher() {
  stop();
}

Status SourcePublisher::start() {
  impl_->term = impl_->source.term();
  DUCAT_ASSIGN(impl_->reached, impl_->source.published());
  impl_->saved = impl_->reached;
  impl_->listener = impl_->source.listen([impl = impl_] { impl->wake(); });
  impl_->wake();
  return {};
}

void SourcePublisher::stop() {
  if (!impl_->listener) return;
  impl_->source.unlisten(*impl_->listener);
  impl_->listener.reset();
  impl_->post(&Impl::begin_stop);
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [this] { return impl_->stop_begun; });
  impl_->changed.wait_for(lock, std::chrono::microseconds(impl_->options.stop_limit.micros),
                          [this] { return !impl_->under_way; });
  lock.unlock();
  impl_->post(&Impl::finish);
  lock.lock();
  impl_->changed.wait(lock, [this] { return impl_->finished; });
}

void SourcePublisher::hurry() {
  impl_->post(&Impl::hurry);
}

uint64_t SourcePublisher::unpublished() const {
  return impl_->unpublished.load(std::memory_order_relaxed);
}

uint64_t SourcePublisher::published() const {
  return impl_->published.load(std::memory_order_relaxed);
}

std::string SourcePublisher::trouble() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->trouble;
}

}  // namespace ducat::broker
