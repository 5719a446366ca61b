// Requests to others' HTTP servers (identity providers): TLS with verified certificates, every one with a
// deadline and a bound on what is read, on threads of its own, because libcurl's simple interface blocks.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "platform/runtime/bounded_pool.h"

namespace ducat::fetch {

struct Request {
  std::string method = "GET";
  std::string url = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
};

struct Response {
  int status = 0;
  std::string body = {};
};

struct FetcherOptions {
  size_t threads = 1;
  size_t waiting = 64;                       // requests that wait or run before more are refused
  Duration timeout = Duration::seconds(10);  // from the connection to the last byte
  size_t largest_body = size_t{1} << 20;
  bool allow_plain = false;  // http:// as well: tests and development
};

// Thread-safe. Tasks must have ended before it is destroyed; `stop` ends them early.
class Fetcher {
 public:
  explicit Fetcher(FetcherOptions options);

  // Any status is an answer; redirects are not followed. Resumes on `home`. kInvalid: not a URL we may ask.
  // kUnavailable: no connection, no valid certificate, too many wait. kTimeout: whether it was done is
  // unknown. kCorrupt: too large.
  Task<Result<Response>> fetch(Request request, Executor& home);

  // Gives up what is under way.
  void stop() { pool_.stop(); }

 private:
  Result<Response> perform(const Request& request) const;

  const FetcherOptions options_;
  BoundedPool pool_;
};

}  // namespace ducat::fetch
