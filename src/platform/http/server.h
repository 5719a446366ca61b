// The HTTP/1.1 server: sockets, parsing, limits, order and timeouts; what a request means is its handler's
// business (message.h). Every I/O thread has its own event loop and its own connections, so nothing on the
// hot path is locked or shared. All requests that one read brought are handed over before anything is
// written, and all answers that are ready go out in one write.
//
// TLS ends at a proxy in front; its X-Forwarded-* headers count when it is trusted.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "platform/http/message.h"

namespace ducat::http {

// The answer to a request that never reaches the handler: plain text with the status' name.
Response plain_error(int status, std::string_view target);

struct ServerOptions {
  std::string host = "127.0.0.1";  // a name or an address to listen on
  uint16_t port = 0;               // 0: any free one, see Server::port
  size_t io_threads = 1;

  size_t max_connections = 10'000;               // more get 503 and are closed
  size_t max_body_bytes = 1 << 20;               // more is 413
  size_t max_header_bytes = 16 << 10;            // request line and headers; more is 431
  size_t max_target_bytes = 8 << 10;             // more is 414
  size_t max_headers = 100;                      // more is 431
  size_t max_pipelined = 64;                     // unanswered requests of a connection; it waits beyond
  size_t max_buffered_response_bytes = 4 << 20;  // unsent answers of a connection; it waits beyond
  size_t compress_from_bytes = 1024;             // smaller bodies are sent as they are

  Duration header_timeout = Duration::seconds(10);  // from the first byte to the end of the headers, else 408
  Duration body_timeout = Duration::seconds(30);    // from there to the end of the body, else 408
  Duration idle_timeout = Duration::seconds(75);    // between two requests
  Duration write_timeout = Duration::seconds(30);   // without the client taking a byte
  Duration linger_timeout = Duration::seconds(1);   // for the client to close after our last answer

  // Addresses ("10.0.0.7", "::1") and networks ("10.0.0.0/8") whose X-Forwarded-For and -Proto are believed.
  std::vector<std::string> trusted_proxies = {"127.0.0.0/8", "::1"};
  // Sent unless a response brings its own.
  std::string content_security_policy = "default-src 'none'; frame-ancestors 'none'";
  // Makes the body of 400, 408, 413, 414, 417, 431, 501 and 503 in the caller's style. `target` is empty when
  // it was not understood. Called on I/O threads; must not block.
  std::function<Response(int status, std::string_view target)> make_error = plain_error;
};

// What has happened since the start, over all threads.
struct ServerCounters {
  uint64_t connections_open = 0;
  uint64_t connections_accepted = 0;
  uint64_t requests = 0;            // handed to the handler
  uint64_t requests_in_flight = 0;  // of those, not answered yet
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  uint64_t rejected_malformed = 0;    // 400, 417, 501
  uint64_t rejected_too_large = 0;    // 413, 414, 431
  uint64_t rejected_timeouts = 0;     // 408
  uint64_t rejected_connections = 0;  // over max_connections
  uint64_t cut_slow_readers = 0;      // connections closed by write_timeout
  uint64_t accept_failures = 0;       // out of descriptors or memory; the listener pauses and tries again
};

// Lifetime: the handler outlives the server. `start` once, then `stop` once; the destructor stops with no
// patience. Threads: `start` and `stop` from one thread, `counters` and `port` from any.
class Server {
 public:
  explicit Server(ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens and serves from here on. kBusy: the port is in use. kInvalid: a host or proxy that is no address.
  // kIo: the operating system refuses a socket or a thread.
  Status start(Handler& handler);

  // The port listened on, after a successful start.
  uint16_t port() const;

  // Accepts nothing more, answers the requests received with `Connection: close`, closes idle connections and
  // waits until all are gone. kTimeout: after `deadline` some were left and have been cut; unanswered
  // exchanges stay valid, and their executors keep running until the destructor.
  Status stop(Duration deadline);

  ServerCounters counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ducat::http
