// The cheapest possible HTTP server: one thread and one constant answer for every request. It measures the
// load generator, not itself: what ducat_load reaches here is the ceiling of every other row of the
// benchmark.
//
// Use: canned_server PORT (0: any free one; it prints the address it has).
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 31\r\n\r\n"
    "{\"walletId\":\"w1\",\"balance\":100}";
constexpr size_t kMaxPending = 1024 * 1024;

// How many whole requests stand at the beginning of `data`, which loses them.
size_t take_requests(std::string_view& data) {
  size_t requests = 0;
  for (;;) {
    size_t header_end = data.find("\r\n\r\n");
    if (header_end == std::string_view::npos) return requests;
    constexpr std::string_view kLength = "Content-Length: ";
    size_t at = data.substr(0, header_end).find(kLength);
    size_t body =
        at == std::string_view::npos ? 0 : std::strtoul(data.data() + at + kLength.size(), nullptr, 10);
    if (data.size() < header_end + 4 + body) return requests;
    data.remove_prefix(header_end + 4 + body);
    ++requests;
  }
}

// False: the connection is over.
bool serve(int fd, std::string& pending) {
  std::array<char, 65536> buffer;
  ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  std::string_view data(buffer.data(), static_cast<size_t>(got));
  if (!pending.empty()) data = pending.append(data);
  size_t requests = take_requests(data);
  std::string rest(data);
  pending.swap(rest);
  if (pending.size() > kMaxPending) return false;
  std::string out;
  for (size_t i = 0; i < requests; ++i) out += kAnswer;
  // Answers are small and the generator reads them at once: a full socket buffer would be its fault.
  return send(fd, out.data(), out.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(out.size());
}

int listen_on(uint16_t port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
            bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(fd, 1024) == 0 &&
            getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (!ok) return -1;
  std::printf("listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

void watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) std::abort();
}

}  // namespace

int main(int argc, char** argv) {
  int listener = listen_on(static_cast<uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0));
  if (listener < 0) {
    std::perror("canned_server");
    return 1;
  }
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, listener);
  std::map<int, std::string> pending;
  for (;;) {
    std::array<epoll_event, 256> events;
    int count = epoll_wait(epoll, events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      int fd = events[static_cast<size_t>(i)].data.fd;
      if (fd == listener) {
        int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        int on = 1;
        if (client >= 0 && setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0)
          watch(epoll, client);
      } else if (!serve(fd, pending[fd])) {
        pending.erase(fd);
        close(fd);
      }
    }
  }
}
