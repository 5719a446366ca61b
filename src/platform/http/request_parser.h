// One request out of a stream of bytes: Beast's parser, plus what it leaves open. A request that two parsers
// could understand differently (request smuggling, RFC 9112, section 11.2) is refused: a length and a
// transfer coding, differing lengths, a coding that is not plainly `chunked`, folded lines, no Host or two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "platform/http/message.h"

namespace ducat::http {

struct ParserLimits {
  size_t header_bytes;
  size_t target_bytes;
  size_t headers;
  size_t body_bytes;
};

// What has been understood of a request. Views point into the bytes fed. Reused from request to request.
struct IncomingRequest {
  Request request;  // `headers` is set when it is complete; `client` and `secure` are not the parser's
  std::vector<Header> headers;
  std::string_view accept_encoding;
  bool http11 = false;
  bool keep_alive = false;
  bool is_head = false;
  bool expects_continue = false;
  bool forwarded = false;  // it has an X-Forwarded-For or X-Forwarded-Proto

  void clear();
  // The bytes it points into have moved from `from` to `to`.
  void rebase(const char* from, const char* to);
};

// Parses requests one after the other. One thread. Chunked bodies are put together in the buffer they came
// in.
class RequestParser {
 public:
  enum class Outcome : uint8_t { kNeedMore, kComplete, kRefused };
  struct Step {
    Outcome outcome = Outcome::kNeedMore;
    size_t used = 0;  // bytes consumed; the rest is to be fed again with what follows
    int status = 0;   // of a refusal
  };

  explicit RequestParser(const ParserLimits& limits);
  ~RequestParser();

  // The next bytes belong to a new request, which is told in `into`.
  void start(IncomingRequest& into);
  // Takes what it can of `data`. After kComplete and kRefused only `start` may follow.
  Step feed(char* data, size_t size);
  // Forgets the request begun.
  void abandon();
  // The bytes up to in_use_end() have moved from `from` to `to`.
  void rebase(const char* from, char* to);

  // A request has been started and is neither complete nor refused.
  bool started() const;
  bool in_body() const;
  // Bytes of the body that are still to come; 0 if unknown.
  size_t body_bytes_missing() const;
  // Behind the last byte of the request that is in use; bytes from here to the first unconsumed one are free.
  char* in_use_end() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ducat::http
