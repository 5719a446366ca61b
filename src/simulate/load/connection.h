// One keep-alive connection of the generator: what is to be sent, what has come, and the requests in between,
// which HTTP/1.1 answers in their order.
#pragma once

#include <netdb.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "simulate/load/http_wire.h"

namespace ducat::load {

// A request that is on its way. `due` is when it was to be sent (microseconds of the monotonic clock): in an
// open loop its latency counts from there, however late the generator or the server was.
struct Ticket {
  int64_t due = 0;
  uint64_t context = 0;  // the workload's own
};

// An address that connect(2) takes.
class Address {
 public:
  // kUnavailable when the name cannot be resolved. Blocks for the resolver.
  static Result<Address> resolve(const Endpoint& endpoint);
  const addrinfo& info() const { return *info_; }

 private:
  std::shared_ptr<addrinfo> info_;
};

// A non-blocking connection. One thread. The descriptor is closed by `close` and the destructor.
class Connection {
 public:
  enum class State : uint8_t { kClosed, kConnecting, kOpen };
  enum class Io : uint8_t { kDone, kBlocked, kLost };

  explicit Connection(size_t depth) : tickets_(depth) {}
  ~Connection() { close(); }
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&&) = delete;

  // Starts to connect: kConnecting or kOpen afterwards, or an error (kUnavailable, with the system's words).
  Status connect(const Address& address);
  // After the socket became writable while kConnecting.
  Status finish_connect();
  // Forgets what was in flight: take the tickets first.
  void close();

  // Bytes appended here go out with the next `flush`.
  std::string& out() { return out_; }
  void push(const Ticket& ticket);
  Ticket pop();
  Io flush();
  // One recv into `buffer`, and the answers it completes: hands each to `on_answer(const Answer&)`, which
  // pops its ticket. kLost when the peer has closed or sent what is not HTTP; `bad_answer()` tells the two
  // apart.
  template <typename OnAnswer>
  Io receive(std::span<char> buffer, OnAnswer&& on_answer);

  int fd() const { return fd_; }
  State state() const { return state_; }
  size_t in_flight() const { return in_flight_; }
  bool has_room() const { return in_flight_ < tickets_.size(); }
  bool bad_answer() const { return bad_answer_; }

  int64_t waiting_since = 0;  // when the oldest ticket became the oldest: what a timeout is counted from
  int64_t retry_at = 0;       // kClosed: when to connect again
  bool polls_write = false;   // epoll is asked for writability too
  bool idle = false;          // stands in the driver's line of idle connections

 private:
  template <typename OnAnswer>
  Io parse(std::string_view data, OnAnswer&& on_answer);

  int fd_ = -1;
  State state_ = State::kClosed;
  bool bad_answer_ = false;
  std::string out_;
  size_t sent_ = 0;
  std::string in_;               // the beginning of an answer whose rest has not come
  size_t need_ = 0;              // how long `in_` must be before parsing again is worth it
  std::vector<Ticket> tickets_;  // a ring
  size_t head_ = 0;
  size_t in_flight_ = 0;
};

// recv without the sign conventions: bytes read, 0 for "not now", -1 for closed or broken.
int64_t receive_bytes(int fd, std::span<char> buffer);

template <typename OnAnswer>
Connection::Io Connection::receive(std::span<char> buffer, OnAnswer&& on_answer) {
  int64_t got = receive_bytes(fd_, buffer);
  if (got < 0) return Io::kLost;
  if (got == 0) return Io::kBlocked;
  std::string_view data(buffer.data(), static_cast<size_t>(got));
  if (in_.empty()) return parse(data, on_answer);
  in_.append(data);
  if (in_.size() < need_) return Io::kDone;
  std::string whole;
  whole.swap(in_);  // so that what is left over can be assigned to in_
  return parse(whole, on_answer);
}

template <typename OnAnswer>
Connection::Io Connection::parse(std::string_view data, OnAnswer&& on_answer) {
  need_ = 0;
  bool closing = false;
  while (!data.empty() && !closing) {
    Answer answer;
    size_t size = 0;
    Parse parsed = parse_answer(data, answer, size);
    if (parsed == Parse::kIncomplete) {
      in_.assign(data);
      need_ = size;
      return Io::kDone;
    }
    if (parsed == Parse::kBad || in_flight_ == 0) {
      bad_answer_ = true;
      return Io::kLost;
    }
    on_answer(answer);
    closing = answer.close;
    data.remove_prefix(size);
  }
  return closing ? Io::kLost : Io::kDone;
}

}  // namespace ducat::load
