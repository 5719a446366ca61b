// A thread with an event loop and the connections that belong to it. It is also the executor on which their
// handlers finish: work posted by other threads is taken in batches, one wake-up for each, and the answers of
// a batch leave together at its end.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/system.h"
#include "platform/http/address.h"
#include "platform/http/input_block.h"
#include "platform/http/response_writer.h"
#include "platform/http/server.h"

namespace ducat::http {

class Connection;

// Written by one thread without locked instructions, read by any.
class Counter {
 public:
  void add(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

struct IoCounters {
  Counter opened, closed, requests, answered, bytes_in, bytes_out;
  Counter malformed, too_large, timeouts, refused_connections, slow_readers;
};

// What all threads and connections of a server share. Immutable.
struct ServerContext {
  ServerOptions options;
  TrustedProxies proxies;
  Handler* handler = nullptr;
};

// `post`, `adopt`, `begin_stop`, `cut_all` and the counters from any thread; everything else from its own.
class IoThread final : public Executor {
 public:
  // `on_empty` is called on this thread when it is stopping and its last connection has gone.
  IoThread(std::shared_ptr<const ServerContext> context, size_t index, std::function<void()> on_empty);
  ~IoThread() override;

  void run();   // starts the thread
  void join();  // ends the loop, whatever is left; work posted afterwards is dropped

  // Bounded by the exchanges in flight: each is posted for once.
  void post(Work work) override;
  // Takes over a connected socket. `refuse`: only to say 503.
  void adopt(int socket, const IpAddress& peer, bool refuse);
  void begin_stop();
  void cut_all();

  // Connections adopted and not yet gone.
  size_t load() const { return load_.load(std::memory_order_relaxed); }
  // It is stopping and its last connection has gone.
  bool is_empty() const { return empty_.load(std::memory_order_acquire); }
  // Exchanges that nobody has answered.
  size_t in_flight() const {
    return static_cast<size_t>(counters_.requests.get() - counters_.answered.get());
  }

  boost::asio::io_context& loop() { return loop_; }
  const ServerContext& context() const { return *context_; }
  IoCounters& counters() { return counters_; }
  const IoCounters& counters() const { return counters_; }
  BlockPool& blocks() { return blocks_; }
  ResponseWriter& writer() { return writer_; }
  // Monotonic, as of the last tick; a deadline made of it is never early.
  Timestamp now() const { return now_; }
  Timestamp deadline_in(Duration span) const { return now_ + span + tick_every_; }
  bool is_current() const { return std::this_thread::get_id() == thread_id_; }
  bool stopping() const { return stopping_; }

  // The connection has answers to write: it is flushed when the current batch of work is done.
  void mark_dirty(Connection& connection) { dirty_.push_back(&connection); }
  // Call at the end of every event.
  void flush_dirty();
  void retire(Connection& connection);

 private:
  void drain();
  void tick();
  void arm_tick();
  void report_if_empty();

  std::shared_ptr<const ServerContext> context_;
  size_t index_;
  std::function<void()> on_empty_;
  BlockPool blocks_;
  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer ticker_;
  Duration tick_every_;
  SystemClock clock_;
  ResponseWriter writer_;
  Timestamp now_;
  IoCounters counters_;

  std::mutex mutex_;
  std::vector<Work> inbox_;
  bool drain_posted_ = false;
  bool closed_ = false;

  std::vector<Work> batch_;
  std::vector<Connection*> dirty_;
  std::vector<Connection*> flushing_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::atomic<size_t> load_{0};
  bool stopping_ = false;
  std::atomic<bool> empty_{false};
  std::thread::id thread_id_;
  std::thread thread_;
};

}  // namespace ducat::http
