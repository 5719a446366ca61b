// The journal as readers follow it: what was written lately from memory, what is older from the database. Who
// publishes events, or delivers them within the process, reads here without costing the commit's path a
// query.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "kernel/journal/journal.h"

namespace ducat::kernel {

// Thread-safe. Outlives its readers and the engine that tells it what is durable.
class JournalFeed {
 public:
  explicit JournalFeed(size_t memory_bytes = size_t{16} << 20) : memory_bytes_(memory_bytes) {}

  // Once, before anybody reads: where older records are.
  void open(storage::Database& journal) { journal_ = &journal; }

  // The engine's side. `record` is durable and follows what was; a gap (after a recovery) is filled from the
  // database. Calls the listeners.
  void durable(std::shared_ptr<const Record> record);
  // Everything up to here is durable, after a start or a recovery.
  void reached(RecordNumber number);

  // This process leads anew; before `reached`. Until it leads first there is nothing to read.
  void begin_term() { term_.fetch_add(1); }
  uint64_t term() const { return term_.load(); }

  RecordNumber end() const { return end_.load(std::memory_order_acquire); }
  // The records after `after`, in order, as many as make about `bytes`; none if there are none. Blocks on
  // disk for old ones.
  Result<std::vector<std::shared_ptr<const Record>>> read(RecordNumber after, size_t bytes);

  // `wake` runs on the engine's commit executor after each durable record, and must be quick. Once `unlisten`
  // has returned it is not running any more, so call that without a lock that `wake` takes.
  uint64_t listen(std::function<void()> wake);
  void unlisten(uint64_t listener);

 private:
  Result<std::vector<std::shared_ptr<const Record>>> read_database(RecordNumber after, size_t bytes);
  void call_listeners();

  const size_t memory_bytes_;
  storage::Database* journal_ = nullptr;
  std::atomic<RecordNumber> end_{0};
  std::atomic<uint64_t> term_{0};
  std::mutex mutex_;
  std::deque<std::shared_ptr<const Record>> recent_;  // without gaps
  size_t recent_bytes_ = 0;
  std::mutex reader_mutex_;
  std::unique_ptr<JournalReader> reader_;
  std::mutex listeners_mutex_;
  std::map<uint64_t, std::function<void()>> listeners_;
  uint64_t next_listener_ = 1;
};

}  // namespace ducat::kernel
