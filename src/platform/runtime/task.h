// A coroutine that answers one value: lazy, awaited once, resumed wherever what it awaits says. Exceptions do
// not leave a task (the process stops): failures are values (base/result.h).
//
// Traps (see docs/coroutines.md): a lambda coroutine's captures die with the lambda, so pass state as
// parameters; parameters of reference type must outlive the task; no lock may be held across co_await.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "platform/runtime/executor.h"

namespace ducat {

template <typename T>
class Task;

namespace task_detail {

struct FinalAwaiter {
  bool await_ready() noexcept { return false; }
  template <typename Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
    return self.promise().continuation;
  }
  void await_resume() noexcept {}
};

struct PromiseBase {
  std::coroutine_handle<> continuation = std::noop_coroutine();
  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalAwaiter final_suspend() noexcept { return {}; }
  [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
};

template <typename T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  template <typename U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() noexcept {}
  void take() noexcept {}
};

}  // namespace task_detail

// Owns its coroutine; starts when awaited. Destroying a task that has started and not finished is allowed
// only where nothing will resume it.
template <typename T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = task_detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
    handle_.promise().continuation = caller;
    return handle_;
  }
  T await_resume() { return handle_.promise().take(); }

 private:
  Handle handle_;
};

namespace task_detail {

template <typename T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(Task<T>::Handle::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(Task<void>::Handle::from_promise(*this));
}

// A coroutine that nobody awaits: it starts at once and frees itself.
struct Detached {
  struct promise_type {
    Detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
  };
};

template <typename T, typename Then>
Detached start_then(Task<T> task, Then then) {
  if constexpr (std::is_void_v<T>) {
    co_await task;
    then();
  } else {
    then(co_await task);
  }
}

}  // namespace task_detail

// Starts the task on the calling thread; `then` gets its answer on whatever thread it finishes.
template <typename T, typename Then>
void start(Task<T> task, Then then) {
  task_detail::start_then(std::move(task), std::move(then));
}

// co_await resume_on(executor): the rest of the coroutine runs there.
inline auto resume_on(Executor& executor) {
  struct Awaiter {
    Executor& executor;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> caller) {
      executor.post([caller] { caller.resume(); });
    }
    void await_resume() const noexcept {}
  };
  return Awaiter{executor};
}

// co_await pause(timers, executor, delay): resumes on `executor` after `delay`.
inline auto pause(Timers& timers, Executor& executor, Duration delay) {
  struct Awaiter {
    Timers& timers;
    Executor& executor;
    Duration delay;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> caller) {
      timers.after(delay, executor, [caller] { caller.resume(); });
    }
    void await_resume() const noexcept {}
  };
  return Awaiter{timers, executor, delay};
}

}  // namespace ducat
