// A Redis of a test's own: on a free port of 127.0.0.1, with nothing on disk, gone at the end.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <thread>

#include "base/system.h"

namespace ducat::cache::testing {

inline bool redis_installed() {
  return access("/usr/bin/redis-server", X_OK) == 0;
}

// One thread; the server dies with the thread that started it.
class RedisServer {
 public:
  RedisServer() : port_(free_port()) { start(); }
  ~RedisServer() { end(SIGKILL); }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  void kill() { end(SIGKILL); }
  void restart() { start(); }
  // Keeps its connections and answers nobody, until `go_on`.
  void hang() { ::kill(child_, SIGSTOP); }
  void go_on() { ::kill(child_, SIGCONT); }

 private:
  static int free_port() {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(fd, generic, size), 0);
    EXPECT_EQ(getsockname(fd, generic, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
  }
  bool answers() const {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port_));
    bool connected = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    close(fd);
    return connected;
  }
  void start() {
    std::string port = std::to_string(port_);
    child_ = fork();
    if (child_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      execl("/usr/bin/redis-server", "redis-server", "--port", port.c_str(), "--bind", "127.0.0.1", "--save",
            "", "--appendonly", "no", "--dir", "/tmp", "--logfile", "/dev/null", nullptr);
      _exit(127);
    }
    SystemClock clock;
    Timestamp give_up = clock.monotonic() + Duration::seconds(20);
    while (!answers() && clock.monotonic() < give_up) std::this_thread::yield();
    ASSERT_TRUE(answers()) << "redis-server does not start";
  }
  void end(int signal) {
    if (child_ <= 0) return;
    ::kill(child_, SIGCONT);
    ::kill(child_, signal);
    waitpid(child_, nullptr, 0);
    child_ = 0;
  }

  const int port_;
  pid_t child_ = 0;
};

}  // namespace ducat::cache::testing
