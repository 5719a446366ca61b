// What the HTTP server hands to a handler and takes back. The server (server.h) knows bytes, limits and
// order; what a request means is decided by its handler (platform/rpc for the contracts' routes).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/runtime/executor.h"

namespace ducat::http {

struct Header {
  std::string_view name;  // as received; compare without case
  std::string_view value;
};

// A request that has been received whole. Views live until its exchange has been answered.
struct Request {
  std::string_view method;  // "GET"
  std::string_view target;  // as received: "/v1/wallet/u%31?at=x"
  std::string_view path;    // the target up to '?', still percent-encoded
  std::string_view query;   // after '?', without it
  std::span<const Header> headers;
  std::string_view body;
  std::string_view client;  // the client's address: the peer's, or what a trusted proxy forwarded
  bool secure = false;      // it came over TLS, or a trusted proxy says so

  // The first header of that name (any case), or an empty view.
  std::string_view header(std::string_view name) const;
};

// An answer. Content-Length, Date, Connection, compression and the security headers are the server's
// business.
struct Response {
  int status = 200;
  std::string_view content_type = "application/json; charset=utf-8";  // a constant
  std::vector<std::pair<std::string_view, std::string>> headers;      // names are constants
  std::string body;
};

// One request and the place for its answer. Lives from `Handler::handle` until `respond`, even if the client
// has gone. Belongs to the thread of `executor()`: hop there before calling `respond`, which is called
// exactly once.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const Request& request() const = 0;
  virtual void respond(Response response) = 0;
  virtual Executor& executor() = 0;
};

// Decides what to answer. Called on an I/O thread, must not block; may respond at once or later. Thread-safe.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void handle(Exchange& exchange) = 0;
};

}  // namespace ducat::http
