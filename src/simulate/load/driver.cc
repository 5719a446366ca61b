// The event loop; see driver.h.
#include "simulate/load/driver.h"

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace ducat::load {
namespace {

constexpr size_t kReceiveBuffer = 256 * 1024;
constexpr int64_t kTickMicros = 100'000;
constexpr int64_t kRetryMicros = 200'000;  // between attempts to connect
constexpr int kProbeMillis = 5'000;

// One attempt before anything else, so that a wrong address is one clear line.
Status probe(const Endpoint& endpoint, const Address& address) {
  Connection connection(1);
  Status status = connection.connect(address);
  if (status && connection.state() == Connection::State::kConnecting) {
    pollfd poll_for{.fd = connection.fd(), .events = POLLOUT, .revents = 0};
    int ready = ::poll(&poll_for, 1, kProbeMillis);
    status =
        ready == 1 ? connection.finish_connect() : Status(fail(Errc::kUnavailable, "no answer within 5 s"));
  }
  if (status) return {};
  return fail(Errc::kUnavailable,
              "cannot connect to http://" + endpoint.authority + ": " + status.error().message);
}

}  // namespace

Result<std::unique_ptr<Driver>> Driver::create(const Endpoint& endpoint, const DriverOptions& options,
                                               Clock& clock) {
  std::unique_ptr<Driver> driver(new Driver(endpoint, options, clock));
  DUCAT_ASSIGN(driver->address_, Address::resolve(endpoint));
  DUCAT_TRY(probe(endpoint, driver->address_));
  driver->epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (driver->epoll_ < 0) return fail(Errc::kIo, std::string("epoll_create1: ") + std::strerror(errno));
  return driver;
}

Driver::Driver(const Endpoint& endpoint, const DriverOptions& options, Clock& clock)
    : endpoint_(endpoint), options_(options), clock_(clock), buffer_(kReceiveBuffer) {
  connections_.reserve(options.connections);
  for (size_t i = 0; i < options.connections; ++i) connections_.emplace_back(options.depth);
}

Driver::~Driver() {
  connections_.clear();
  if (epoll_ >= 0) ::close(epoll_);
}

Status Driver::run(Workload& workload, uint64_t rate) {
  workload_ = &workload;
  rate_ = rate;
  issued_ = 0;
  idle_.clear();
  started_ = last_open_ = now();
  for (size_t i = 0; i < connections_.size(); ++i) {
    connections_[i].idle = false;
    if (connections_[i].state() == Connection::State::kOpen) offer(i, started_);
    if (connections_[i].state() == Connection::State::kClosed) open(i, started_);
  }
  int64_t next_tick = started_ + kTickMicros;
  for (int64_t at = started_; in_flight_ > 0 || !workload.finished(at); at = now()) {
    if (rate_ != 0) pump_due(at);
    if (at >= next_tick) {
      next_tick = at + kTickMicros;
      DUCAT_TRY(tick(at));
    }
    // A request that is due although somebody is idle was withheld by the workload: the next tick asks again.
    bool paced = rate_ != 0 && !idle_.empty() && due_of(issued_) > at;
    int64_t wake = paced ? std::min(next_tick, due_of(issued_)) : next_tick;
    DUCAT_TRY(wait(std::max<int64_t>(0, wake - at)));
  }
  return {};
}

int64_t Driver::due_of(uint64_t number) const {
  return started_ + static_cast<int64_t>(number / rate_ * 1'000'000 + number % rate_ * 1'000'000 / rate_);
}

Status Driver::wait(int64_t timeout_micros) {
  std::array<epoll_event, 256> events;
  // epoll_pwait2 for its resolution: a rate of 20,000 a second is due every 50 microseconds.
  timespec timeout{.tv_sec = timeout_micros / 1'000'000, .tv_nsec = timeout_micros % 1'000'000 * 1000};
  int count = epoll_pwait2(epoll_, events.data(), events.size(), &timeout, nullptr);
  if (count < 0 && errno != EINTR)
    return fail(Errc::kIo, std::string("epoll_pwait2: ") + std::strerror(errno));
  for (int i = 0; i < count; ++i) {
    handle(events[static_cast<size_t>(i)].data.u64, events[static_cast<size_t>(i)].events);
  }
  return {};
}

void Driver::handle(size_t index, uint32_t events) {
  Connection& connection = connections_[index];
  // The clock is read after recv at the earliest moment the answer is known, once for all it completes.
  if (connection.state() == Connection::State::kConnecting) {
    int64_t at = now();
    if (!connection.finish_connect()) return drop(index, Loss::kDisconnected, at);
    ++open_;
    last_open_ = at;
    watch(index, false, false);
    return offer(index, at);
  }
  int64_t at = 0;
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    Connection::Io io = connection.receive(buffer_, [&](const Answer& answer) {
      if (at == 0) at = now();
      Ticket ticket = connection.pop();
      --in_flight_;
      connection.waiting_since = at;
      workload_->answered(index, ticket, answer, at);
    });
    if (at == 0) at = now();
    if (io == Connection::Io::kLost) {
      return drop(index, connection.bad_answer() ? Loss::kBadAnswer : Loss::kDisconnected, at);
    }
  }
  if (at == 0) at = now();
  if (connection.polls_write) flush(index, at);
  if (connection.state() == Connection::State::kOpen && connection.has_room()) offer(index, at);
}

void Driver::open(size_t index, int64_t at) {
  Connection& connection = connections_[index];
  Status status = connection.connect(address_);
  if (!status) {
    connection.retry_at = at + kRetryMicros;  // a server that is gone for long ends the run in tick()
    return;
  }
  bool connecting = connection.state() == Connection::State::kConnecting;
  watch(index, connecting, true);
  if (connecting) return;
  ++open_;
  last_open_ = at;
  offer(index, at);
}

void Driver::watch(size_t index, bool write, bool add) {
  epoll_event event{};
  event.events = EPOLLIN | (write ? static_cast<uint32_t>(EPOLLOUT) : 0U);
  event.data.u64 = index;
  Connection& connection = connections_[index];
  int result = epoll_ctl(epoll_, add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, connection.fd(), &event);
  DUCAT_CHECK(result == 0, "epoll_ctl refused a socket of ours");
  connection.polls_write = write;
}

void Driver::drop(size_t index, Loss loss, int64_t at) {
  Connection& connection = connections_[index];
  if (connection.state() == Connection::State::kOpen) {
    --open_;
    ++reconnects_;
  }
  std::vector<Ticket> tickets;
  while (connection.in_flight() > 0) tickets.push_back(connection.pop());
  in_flight_ -= tickets.size();
  connection.close();
  connection.retry_at = at + (open_ == 0 ? kRetryMicros : 0);
  for (const Ticket& ticket : tickets) workload_->lost(index, ticket, loss, at);
}

void Driver::offer(size_t index, int64_t at) {
  Connection& connection = connections_[index];
  if (rate_ != 0) {
    if (!connection.idle) idle_.push_back(index);
    connection.idle = true;
    return pump_due(at);
  }
  bool any = false;
  while (connection.has_room() && send_one(index, at, at)) any = true;
  if (any) flush(index, at);
}

bool Driver::send_one(size_t index, int64_t due, int64_t at) {
  Connection& connection = connections_[index];
  Ticket ticket{.due = due, .context = 0};
  if (!workload_->next(index, due, connection.out(), ticket.context)) return false;
  if (connection.in_flight() == 0) connection.waiting_since = at;
  connection.push(ticket);
  ++in_flight_;
  return true;
}

void Driver::flush(size_t index, int64_t at) {
  Connection& connection = connections_[index];
  Connection::Io io = connection.flush();
  if (io == Connection::Io::kLost) return drop(index, Loss::kDisconnected, at);
  bool blocked = io == Connection::Io::kBlocked;
  if (blocked != connection.polls_write) watch(index, blocked, false);
}

void Driver::pump_due(int64_t at) {
  while (!idle_.empty() && due_of(issued_) <= at) {
    size_t index = idle_.front();
    Connection& connection = connections_[index];
    if (connection.state() != Connection::State::kOpen || !connection.has_room()) {
      connection.idle = false;
      idle_.pop_front();
      continue;
    }
    if (!send_one(index, due_of(issued_), at)) return;
    ++issued_;
    idle_.pop_front();
    idle_.push_back(index);
    flush(index, at);
  }
}

Status Driver::tick(int64_t at) {
  if (open_ > 0) last_open_ = at;
  for (size_t i = 0; i < connections_.size(); ++i) {
    Connection& connection = connections_[i];
    bool waits = connection.in_flight() > 0;
    if (waits && at - connection.waiting_since > options_.timeout_micros) drop(i, Loss::kTimeout, at);
    if (connection.state() == Connection::State::kClosed && at >= connection.retry_at) open(i, at);
    if (connection.state() == Connection::State::kOpen && connection.has_room()) offer(i, at);
  }
  workload_->tick(at);
  if (at - last_open_ > options_.gone_micros) {
    return fail(Errc::kUnavailable, "http://" + endpoint_.authority + " has not been reachable for " +
                                        std::to_string(options_.gone_micros / 1'000'000) + " s");
  }
  return {};
}

}  // namespace ducat::load
