// Sockets; see connection.h.
#include "simulate/load/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace ducat::load {
namespace {

std::unexpected<Error> refused(int error) {
  return fail(Errc::kUnavailable, std::strerror(error));
}

}  // namespace

Result<Address> Address::resolve(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int error = getaddrinfo(endpoint.host.c_str(), endpoint.port.c_str(), &hints, &found);
  if (error != 0) return fail(Errc::kUnavailable, endpoint.host + ": " + gai_strerror(error));
  Address address;
  address.info_ = std::shared_ptr<addrinfo>(found, freeaddrinfo);
  return address;
}

Connection::Connection(Connection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), state_(other.state_), tickets_(std::move(other.tickets_)) {}

Status Connection::connect(const Address& address) {
  close();
  const addrinfo& info = address.info();
  fd_ = socket(info.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return refused(errno);
  int on = 1;
  if (setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0) return refused(errno);
  if (::connect(fd_, info.ai_addr, info.ai_addrlen) == 0) {
    state_ = State::kOpen;
    return {};
  }
  if (errno != EINPROGRESS) {
    int error = errno;
    close();
    return refused(error);
  }
  state_ = State::kConnecting;
  return {};
}

Status Connection::finish_connect() {
  int error = 0;
  socklen_t size = sizeof(error);
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return refused(error);
  state_ = State::kOpen;
  return {};
}

void Connection::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  state_ = State::kClosed;
  bad_answer_ = false;
  polls_write = false;
  out_.clear();
  sent_ = 0;
  in_.clear();
  need_ = 0;
  head_ = 0;
  in_flight_ = 0;
}

void Connection::push(const Ticket& ticket) {
  DUCAT_CHECK(has_room(), "more requests in flight than the pipeline is deep");
  tickets_[(head_ + in_flight_) % tickets_.size()] = ticket;
  ++in_flight_;
}

Ticket Connection::pop() {
  DUCAT_CHECK(in_flight_ > 0, "an answer without a request");
  Ticket ticket = tickets_[head_];
  head_ = (head_ + 1) % tickets_.size();
  --in_flight_;
  return ticket;
}

Connection::Io Connection::flush() {
  while (sent_ < out_.size()) {
    ssize_t n = send(fd_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN ? Io::kBlocked : Io::kLost;
    sent_ += static_cast<size_t>(n);
  }
  out_.clear();
  sent_ = 0;
  return Io::kDone;
}

int64_t receive_bytes(int fd, std::span<char> buffer) {
  for (;;) {
    ssize_t n = recv(fd, buffer.data(), buffer.size(), 0);
    if (n > 0) return n;
    if (n == 0) return -1;
    if (errno == EINTR) continue;
    return errno == EAGAIN ? 0 : -1;
  }
}

}  // namespace ducat::load
