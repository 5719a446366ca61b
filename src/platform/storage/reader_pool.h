// Connections for reading, used by coroutines: a read runs on the pool's executor with a connection of its
// own and the coroutine goes on at home.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "platform/runtime/task.h"
#include "platform/storage/database.h"

namespace ducat::storage {

// Makes a connection when none is idle, so there are at most as many as the executor has threads.
// Thread-safe. Must outlive the reads under way.
class ReaderPool {
 public:
  ReaderPool(Database& database, Executor& executor) : database_(database), executor_(executor) {}

  // Answers what `read(Connection&)` answers (a Result<T>), on `home`.
  template <typename T, typename Read>
  Task<Result<T>> read(Executor& home, Read read_with) {
    co_await resume_on(executor_);
    Result<T> result = run<T>(read_with);
    co_await resume_on(home);
    co_return result;
  }

 private:
  template <typename T, typename Read>
  Result<T> run(Read& read_with) {
    std::unique_ptr<Connection> connection = take();
    if (!connection) {
      DUCAT_ASSIGN(connection, database_.connect(Access::kReader));
    }
    Result<T> result = read_with(*connection);
    give_back(std::move(connection));
    return result;
  }
  std::unique_ptr<Connection> take() {
    std::lock_guard lock(mutex_);
    if (idle_.empty()) return nullptr;
    std::unique_ptr<Connection> connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }
  void give_back(std::unique_ptr<Connection> connection) {
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(connection));
  }

  Database& database_;
  Executor& executor_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace ducat::storage
