// Threads behind the executor and timer interfaces.
#include "platform/runtime/executor.h"

#include <pthread.h>
#include <sys/resource.h>

#include <chrono>
#include <map>
#include <memory>

namespace ducat {
namespace {

// Linux keeps 15 characters of a thread's name.
void name_thread(std::thread& thread, const std::string& name) {
  pthread_setname_np(thread.native_handle(), name.substr(0, 15).c_str());
}

// Linux keeps the nice value by thread (sched(7)); 10 more is a tenth of the weight. Being refused it costs
// only speed.
void go_to_background() {
  constexpr int kNicer = 10;
  ::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + kNicer);
}

}  // namespace

ThreadExecutor::ThreadExecutor(std::string name, size_t threads, Priority priority) : ordered_(threads == 1) {
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this, priority] { run(priority); });
    name_thread(threads_.back(), name);
  }
}

ThreadExecutor::~ThreadExecutor() {
  stop();
}

void ThreadExecutor::post(Work work) {
  bool wake;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    queue_.push_back(std::move(work));
    wake = idle_ > 0;
  }
  if (wake) wake_.notify_one();
}

void ThreadExecutor::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void ThreadExecutor::run(Priority priority) {
  if (priority == Priority::kBackground) go_to_background();
  std::vector<Work> taken;
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty()) return;
    if (ordered_) {
      taken.swap(queue_);
    } else {
      taken.push_back(std::move(queue_.front()));
      queue_.erase(queue_.begin());
    }
    lock.unlock();
    for (auto& work : taken) work();
    taken.clear();
    lock.lock();
  }
}

struct ThreadTimers::Impl {
  struct Entry {
    Id id;
    Executor* executor;
    Work work;
  };
  using Instant = std::chrono::steady_clock::time_point;

  std::mutex mutex;
  std::condition_variable wake;
  std::multimap<Instant, Entry> due;
  std::unordered_map<Id, std::multimap<Instant, Entry>::iterator> by_id;
  Id next_id = 1;
  bool stopping = false;
  std::thread thread;

  void run() {
    std::unique_lock lock(mutex);
    while (!stopping) {
      if (due.empty()) {
        wake.wait(lock);
        continue;
      }
      auto first = due.begin();
      if (std::chrono::steady_clock::now() < first->first) {
        wake.wait_until(lock, first->first);
        continue;
      }
      Entry entry = std::move(first->second);
      by_id.erase(entry.id);
      due.erase(first);
      // Posting under the lock keeps `cancel` exact: what it did not stop has been handed over.
      entry.executor->post(std::move(entry.work));
    }
  }
};

ThreadTimers::ThreadTimers() : impl_(std::make_unique<Impl>()) {
  impl_->thread = std::thread([this] { impl_->run(); });
  name_thread(impl_->thread, "timers");
}

ThreadTimers::~ThreadTimers() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  impl_->thread.join();
}

Timers::Id ThreadTimers::after(Duration delay, Executor& executor, Work work) {
  std::lock_guard lock(impl_->mutex);
  Id id = impl_->next_id++;
  auto at = std::chrono::steady_clock::now() + std::chrono::microseconds(delay.micros);
  auto place = impl_->due.emplace(at, Impl::Entry{id, &executor, std::move(work)});
  impl_->by_id.emplace(id, place);
  if (place == impl_->due.begin()) impl_->wake.notify_one();
  return id;
}

bool ThreadTimers::cancel(Id id) {
  std::lock_guard lock(impl_->mutex);
  auto found = impl_->by_id.find(id);
  if (found == impl_->by_id.end()) return false;
  impl_->due.erase(found->second);
  impl_->by_id.erase(found);
  return true;
}

}  // namespace ducat
