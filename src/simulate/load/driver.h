// Keeps a number of connections busy with the requests of a workload, from one thread with epoll: two system
// calls a request, no locks, no allocation in the steady state, because every microsecond it burns is one
// that the measured server on the same cores does not get.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "simulate/load/connection.h"

namespace ducat::load {

enum class Loss : uint8_t {
  kTimeout,       // no answer within the limit; the connection is dropped
  kDisconnected,  // the connection broke with the request on it: it may have been done or not
  kBadAnswer,     // what came is not an HTTP/1.1 answer with a length
};

// What is sent, and what becomes of it. Called on the driver's thread; must not block.
class Workload {
 public:
  virtual ~Workload() = default;
  // Appends one whole request to `out` and sets `context`. False: nothing now (asked again within 100 ms).
  // In an open loop `due` may lie in the past.
  virtual bool next(size_t connection, int64_t due, std::string& out, uint64_t& context) = 0;
  virtual void answered(size_t connection, const Ticket& ticket, const Answer& answer, int64_t now) = 0;
  virtual void lost(size_t connection, const Ticket& ticket, Loss loss, int64_t now) = 0;
  // Whether the driver may stop once nothing is in flight.
  virtual bool finished(int64_t now) const = 0;
  // About every 100 ms.
  virtual void tick(int64_t now) { static_cast<void>(now); }
};

struct DriverOptions {
  size_t connections = 64;
  size_t depth = 1;  // requests in flight on one connection
  int64_t timeout_micros = 30'000'000;
  int64_t gone_micros = 10'000'000;  // a server that no connection reaches for so long ends the run
};

// Lives for several runs and keeps its connections between them. One thread. A request lost with its
// connection is told to the workload, never sent again by the driver; the connection is opened again.
class Driver {
 public:
  // kUnavailable with the address and the system's words when nothing answers there.
  static Result<std::unique_ptr<Driver>> create(const Endpoint& endpoint, const DriverOptions& options,
                                                Clock& clock);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // Runs until the workload has finished and nothing is in flight. `rate` 0 is a closed loop: every answer
  // makes room for the next request at once; else requests are due `rate` a second, evenly, whatever the
  // answers do. kUnavailable when the server stays unreachable.
  Status run(Workload& workload, uint64_t rate);

  uint64_t reconnects() const { return reconnects_; }

 private:
  Driver(const Endpoint& endpoint, const DriverOptions& options, Clock& clock);

  int64_t now() { return clock_.monotonic().micros; }
  Status wait(int64_t timeout_micros);
  void handle(size_t index, uint32_t events);
  void open(size_t index, int64_t at);
  void watch(size_t index, bool write, bool add);
  void drop(size_t index, Loss loss, int64_t at);
  void offer(size_t index, int64_t at);
  bool send_one(size_t index, int64_t due, int64_t at);
  void flush(size_t index, int64_t at);
  void pump_due(int64_t at);
  Status tick(int64_t at);
  int64_t due_of(uint64_t number) const;

  Endpoint endpoint_;
  DriverOptions options_;
  Clock& clock_;
  Address address_;
  int epoll_ = -1;
  std::vector<Connection> connections_;
  std::vector<char> buffer_;
  std::deque<size_t> idle_;  // open loop: connections with room, the longest idle first
  Workload* workload_ = nullptr;
  uint64_t rate_ = 0;
  int64_t started_ = 0;
  uint64_t issued_ = 0;  // open loop: requests handed out so far
  size_t in_flight_ = 0;
  size_t open_ = 0;
  int64_t last_open_ = 0;  // when a connection was last open
  uint64_t reconnects_ = 0;
};

}  // namespace ducat::load
