// Plain sockets and poll(2): a blocking client needs no event loop.
#include "platform/http/client.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include "base/system.h"
#include "platform/http/text.h"

namespace ducat::http {
namespace {

constexpr size_t kMaxLine = 64 << 10;
constexpr size_t kMaxBody = 256 << 20;

int64_t monotonic_micros() {
  SystemClock clock;
  return clock.monotonic().micros;
}

// Waits until the socket is ready for `events`.
Status wait_for(int socket, short events, int64_t deadline) {
  for (;;) {
    int64_t left = deadline - monotonic_micros();
    if (left <= 0) return fail(Errc::kTimeout, "the HTTP server did not answer in time");
    pollfd entry{socket, events, 0};
    int ready = ::poll(&entry, 1, static_cast<int>(left / 1000 + 1));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return fail(Errc::kIo, std::string("poll: ") + std::strerror(errno));
  }
}

std::unexpected<Error> gone(const char* what) {
  return fail(Errc::kUnavailable, std::string("the HTTP server closed the connection ") + what);
}

}  // namespace

std::string_view ClientResponse::header(std::string_view name) const {
  for (const auto& [each, value] : headers) {
    if (equals_ignoring_case(each, name)) return value;
  }
  return {};
}

Result<Client> Client::connect(const std::string& host, uint16_t port, Duration timeout) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  int failed = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failed != 0) return fail(Errc::kUnavailable, "no host \"" + host + "\": " + gai_strerror(failed));
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> address(found, &freeaddrinfo);
  std::string place = host + ":" + std::to_string(port);
  int socket = ::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return fail(Errc::kIo, std::string("cannot make a socket: ") + std::strerror(errno));
  Client client(socket, timeout, place);
  int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  int error = ::connect(socket, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    DUCAT_TRY(wait_for(socket, POLLOUT, client.deadline()));
    socklen_t size = sizeof(error);
    getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error != 0) return fail(Errc::kUnavailable, "cannot connect to " + place + ": " + std::strerror(error));
  return client;
}

Client::Client(Client&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      timeout_(other.timeout_),
      host_(std::move(other.host_)),
      buffer_(std::move(other.buffer_)) {}

Client& Client::operator=(Client&& other) noexcept {
  std::swap(socket_, other.socket_);
  timeout_ = other.timeout_;
  host_.swap(other.host_);
  buffer_.swap(other.buffer_);
  return *this;
}

Client::~Client() {
  close();
}

void Client::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

int64_t Client::deadline() const {
  return monotonic_micros() + timeout_.micros;
}

Result<ClientResponse> Client::request(std::string_view method, std::string_view target,
                                       const ClientHeaders& headers, std::string_view body) {
  std::string text;
  text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ").append(host_).append("\r\n");
  for (const auto& [name, value] : headers) text.append(name).append(": ").append(value).append("\r\n");
  if (!body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
    text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  }
  text.append("\r\n").append(body);
  DUCAT_TRY(send(text));
  return receive(method == "HEAD");
}

Status Client::send(std::string_view bytes) {
  int64_t until = deadline();
  while (!bytes.empty()) {
    ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      DUCAT_TRY(wait_for(socket_, POLLOUT, until));
    } else if (errno != EINTR) {
      return gone("while a request was being sent");
    }
  }
  return {};
}

Result<bool> Client::fill(int64_t until) {
  char chunk[16 << 10];
  for (;;) {
    ssize_t got = ::recv(socket_, chunk, sizeof(chunk), MSG_DONTWAIT);
    if (got > 0) buffer_.append(chunk, static_cast<size_t>(got));
    if (got >= 0) return got > 0;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      DUCAT_TRY(wait_for(socket_, POLLIN, until));
    } else if (errno != EINTR) {
      return gone("with a reset");
    }
  }
}

Result<std::string> Client::take_line(int64_t until) {
  for (;;) {
    size_t end = buffer_.find("\r\n");
    if (end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 2);
      return line;
    }
    if (buffer_.size() > kMaxLine) return fail(Errc::kCorrupt, "a line of the answer is too long");
    DUCAT_ASSIGN(bool more, fill(until));
    if (!more) return gone("before its answer was complete");
  }
}

Result<std::string> Client::take(size_t bytes, int64_t until) {
  if (bytes > kMaxBody) return fail(Errc::kCorrupt, "the answer is too long");
  while (buffer_.size() < bytes) {
    DUCAT_ASSIGN(bool more, fill(until));
    if (!more) return gone("before its answer was complete");
  }
  std::string taken = buffer_.substr(0, bytes);
  buffer_.erase(0, bytes);
  return taken;
}

Result<std::string> Client::take_chunks(int64_t until) {
  std::string body;
  for (;;) {
    DUCAT_ASSIGN(std::string line, take_line(until));
    size_t size = 0;
    auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
    if (error != std::errc() || body.size() + size > kMaxBody) return fail(Errc::kCorrupt, "a bad chunk");
    if (size == 0) break;
    DUCAT_ASSIGN(std::string chunk, take(size, until));
    body += chunk;
    DUCAT_ASSIGN(std::string line_end, take_line(until));
    if (!line_end.empty()) return fail(Errc::kCorrupt, "a chunk longer than its length");
  }
  for (;;) {
    DUCAT_ASSIGN(std::string trailer, take_line(until));
    if (trailer.empty()) return body;
  }
}

Result<ClientResponse> Client::receive(bool to_head) {
  int64_t until = deadline();
  ClientResponse response;
  DUCAT_ASSIGN(std::string line, take_line(until));
  // HTTP/1.1 200 OK
  if (line.size() < 12 || !line.starts_with("HTTP/1.")) return fail(Errc::kCorrupt, "not HTTP: " + line);
  auto [end, error] = std::from_chars(line.data() + 9, line.data() + 12, response.status);
  if (error != std::errc()) return fail(Errc::kCorrupt, "not HTTP: " + line);
  DUCAT_TRY(read_headers(response, until));
  bool bodiless = to_head || response.status < 200 || response.status == 204 || response.status == 304;
  if (!bodiless) DUCAT_TRY(read_body(response, until));
  return response;
}

Status Client::read_headers(ClientResponse& response, int64_t until) {
  for (;;) {
    DUCAT_ASSIGN(std::string line, take_line(until));
    if (line.empty()) return {};
    size_t colon = line.find(':');
    if (colon == std::string::npos) return fail(Errc::kCorrupt, "not a header: " + line);
    response.headers.emplace_back(line.substr(0, colon), trimmed(std::string_view(line).substr(colon + 1)));
  }
}

Status Client::read_body(ClientResponse& response, int64_t until) {
  if (equals_ignoring_case(response.header("Transfer-Encoding"), "chunked")) {
    DUCAT_ASSIGN(response.body, take_chunks(until));
    return {};
  }
  std::string_view length = response.header("Content-Length");
  if (length.empty()) {
    DUCAT_ASSIGN(response.body, receive_rest());
    return {};
  }
  size_t size = 0;
  auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), size);
  if (error != std::errc() || end != length.data() + length.size()) {
    return fail(Errc::kCorrupt, "a bad Content-Length: " + std::string(length));
  }
  DUCAT_ASSIGN(response.body, take(size, until));
  return {};
}

Result<std::string> Client::receive_rest() {
  int64_t until = deadline();
  for (;;) {
    DUCAT_ASSIGN(bool more, fill(until));
    if (!more) return std::exchange(buffer_, {});
    if (buffer_.size() > kMaxBody) return fail(Errc::kCorrupt, "the answer is too long");
  }
}

bool Client::closed_by_server(Duration timeout) {
  if (!buffer_.empty()) return false;
  auto more = fill(monotonic_micros() + timeout.micros);
  return more ? !*more : more.error().code == Errc::kUnavailable;
}

void Client::finish_sending() {
  ::shutdown(socket_, SHUT_WR);
}

void Client::reset() {
  linger hard{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
  close();
}

}  // namespace ducat::http
