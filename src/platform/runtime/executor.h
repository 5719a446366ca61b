// Where work runs. Production code never starts a thread or sleeps by itself: it is handed executors and
// timers, so the simulator can own scheduling and time.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"

namespace ducat {

using Work = std::move_only_function<void()>;

// Runs posted work one at a time, in the order posted, never inside `post`. Thread-safe. Work must not throw.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void post(Work work) = 0;
};

// Runs work on an executor at a later time (monotonic). Thread-safe.
class Timers {
 public:
  using Id = uint64_t;
  virtual ~Timers() = default;
  virtual Id after(Duration delay, Executor& executor, Work work) = 0;
  // True if the work had not been handed to its executor yet: it will not run.
  virtual bool cancel(Id id) = 0;
};

// Work that nobody waits for, or that takes long by intention, leaves the processors to what is quick.
enum class Priority { kNormal, kBackground };

// An executor with threads of its own: one keeps the order, several share the queue without order.
// `stop` (and the destructor) runs what was posted and joins; work posted afterwards is dropped.
class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(std::string name, size_t threads = 1, Priority priority = Priority::kNormal);
  ~ThreadExecutor() override;
  void post(Work work) override;
  void stop();

 private:
  void run(Priority priority);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Work> queue_;
  size_t idle_ = 0;
  bool stopping_ = false;
  bool ordered_;
  std::vector<std::thread> threads_;
};

// Timers with a thread of their own. The destructor drops what is not due.
class ThreadTimers final : public Timers {
 public:
  ThreadTimers();
  ~ThreadTimers() override;
  Id after(Duration delay, Executor& executor, Work work) override;
  bool cancel(Id id) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ducat
