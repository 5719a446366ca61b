// The listening socket. It lives on the first I/O thread and gives every accepted connection to the thread
// that has the fewest. One socket, not one a thread with SO_REUSEPORT: the kernel's hash would spread few
// connections badly, and a second process could take the port unnoticed.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <span>

#include "base/result.h"
#include "platform/http/io_thread.h"

namespace ducat::http {

// `open`, then `start`, then `close` on the first thread. The threads outlive it.
class Listener {
 public:
  Listener(const ServerContext& context, std::span<const std::unique_ptr<IoThread>> threads);

  // kBusy: the port is in use. kInvalid: the host is none. kIo: anything else.
  Status open();
  uint16_t port() const { return port_; }
  void start() { wait(); }
  void close();
  uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }

 private:
  Result<int> bind_socket() const;
  void wait();
  void accept_waiting();
  void pause();
  void give_away(int socket, const IpAddress& peer);

  const ServerContext& context_;
  std::span<const std::unique_ptr<IoThread>> threads_;
  boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, boost::asio::io_context::executor_type> acceptor_;
  boost::asio::steady_timer pause_;
  std::atomic<uint64_t> failures_{0};
  uint16_t port_ = 0;
};

}  // namespace ducat::http
