// Threads for work that blocks or costs a lot (hashing passwords, asking another server), with a bound on how
// much of it may wait: beyond that it is refused at once, before anything is done.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <utility>

#include "base/result.h"
#include "platform/runtime/task.h"

namespace ducat {

// Thread-safe. Tasks must have ended before it is destroyed; `stop` finishes those that were accepted.
class BoundedPool {
 public:
  // At most `waiting` pieces of work wait or run.
  BoundedPool(std::string name, size_t threads, size_t waiting, Priority priority = Priority::kNormal)
      : limit_(waiting), threads_(std::move(name), threads == 0 ? 1 : threads, priority) {}
  ~BoundedPool() { stop(); }
  BoundedPool(const BoundedPool&) = delete;
  BoundedPool& operator=(const BoundedPool&) = delete;

  // Answers what `work()` answers (a Result<T>), on `home`. kUnavailable: too much waits, or it is stopping.
  template <typename T, typename Work>
  Task<Result<T>> run(Executor& home, Work work) {
    Result<T> result = fail(Errc::kUnavailable, "too much work of this kind waits");
    {
      Place place(*this);
      if (!place.granted()) co_return result;
      co_await resume_on(threads_);
      result = work();
    }
    co_await resume_on(home);
    co_return result;
  }

  void stop() {
    stopping_ = true;
    // Who has a place may still be on his way to the threads, which drop what is posted once they have
    // stopped.
    while (waiting_.load() > 0) std::this_thread::yield();
    threads_.stop();
  }
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }
  size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  // One of the places, given back when it ends.
  class Place {
   public:
    explicit Place(BoundedPool& pool) : pool_(pool) {
      granted_ = pool.waiting_.fetch_add(1) < pool.limit_ && !pool.stopping_.load();
    }
    ~Place() { pool_.waiting_.fetch_sub(1); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    bool granted() const { return granted_; }

   private:
    BoundedPool& pool_;
    bool granted_;
  };

  const size_t limit_;
  std::atomic<size_t> waiting_{0};
  std::atomic<bool> stopping_{false};
  ThreadExecutor threads_;
};

}  // namespace ducat
