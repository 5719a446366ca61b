// Binding and accepting.
#include "platform/http/listener.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ducat::http {
namespace {

// Connections past the limit that may be told so at a time; more are closed without a word.
constexpr size_t kMaxRefusing = 64;

std::string place(const ServerOptions& options) {
  return "port " + std::to_string(options.port) + " on " + options.host;
}

}  // namespace

Listener::Listener(const ServerContext& context, std::span<const std::unique_ptr<IoThread>> threads)
    : context_(context), threads_(threads), acceptor_(threads[0]->loop()), pause_(threads[0]->loop()) {}

Result<int> Listener::bind_socket() const {
  const ServerOptions& options = context_.options;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  int failed = getaddrinfo(options.host.c_str(), std::to_string(options.port).c_str(), &hints, &found);
  if (failed != 0) {
    return fail(Errc::kInvalid, "cannot listen on host \"" + options.host + "\": " + gai_strerror(failed));
  }
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> address(found, &freeaddrinfo);
  int socket = ::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return fail(Errc::kIo, std::string("cannot make a socket: ") + std::strerror(errno));
  int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(socket, address->ai_addr, address->ai_addrlen) == 0 && ::listen(socket, SOMAXCONN) == 0) {
    return socket;
  }
  int error = errno;
  ::close(socket);
  if (error == EADDRINUSE) return fail(Errc::kBusy, place(options) + " is in use");
  return fail(Errc::kIo, "cannot listen to " + place(options) + ": " + std::strerror(error));
}

Status Listener::open() {
  DUCAT_ASSIGN(int socket, bind_socket());
  boost::system::error_code error;
  acceptor_.assign(boost::asio::ip::tcp::v6(), socket, error);
  if (error) {
    ::close(socket);
    return fail(Errc::kIo, "cannot watch the listening socket: " + error.message());
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    return fail(Errc::kIo, std::string("cannot read the listening port: ") + std::strerror(errno));
  }
  // The port stands at the same place in sockaddr_in and sockaddr_in6.
  port_ = ntohs(reinterpret_cast<sockaddr_in&>(bound).sin_port);
  return {};
}

void Listener::close() {
  boost::system::error_code ignored;  // the descriptor is released whatever close(2) says
  acceptor_.close(ignored);
  pause_.cancel();
}

void Listener::wait() {
  acceptor_.async_wait(decltype(acceptor_)::wait_read, [this](const boost::system::error_code& error) {
    if (!error && acceptor_.is_open()) accept_waiting();
  });
}

void Listener::accept_waiting() {
  constexpr int kAtOnce = 64;
  for (int i = 0; i < kAtOnce; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof(peer);
    auto* address = reinterpret_cast<sockaddr*>(&peer);
    int socket = ::accept4(acceptor_.native_handle(), address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) {
      give_away(socket, IpAddress::of(*address));
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) break;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return pause();
    // The rest concerns the connection that could not be accepted (accept(2), "Error handling"): on to the
    // next.
  }
  wait();
}

// Out of descriptors or memory: those waiting stay in the kernel's queue until something has been freed.
void Listener::pause() {
  failures_.fetch_add(1, std::memory_order_relaxed);
  pause_.expires_after(std::chrono::milliseconds(100));
  pause_.async_wait([this](const boost::system::error_code& error) {
    if (!error && acceptor_.is_open()) wait();
  });
}

void Listener::give_away(int socket, const IpAddress& peer) {
  size_t open = 0;
  IoThread* idlest = threads_[0].get();
  for (const auto& thread : threads_) {
    open += thread->load();
    if (thread->load() < idlest->load()) idlest = thread.get();
  }
  if (open >= context_.options.max_connections + kMaxRefusing) {
    ::close(socket);
    failures_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  idlest->adopt(socket, peer, open >= context_.options.max_connections);
}

}  // namespace ducat::http
