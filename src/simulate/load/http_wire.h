// The little of HTTP/1.1 (RFC 9112) that a load generator needs: requests glued from constant pieces, answers
// read up to status, Content-Length and Connection. No chunked bodies: the server it measures never sends
// them to requests like these, and one that does is reported, not guessed at.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ducat::load {

struct Endpoint {
  std::string host;  // a name or an address, without brackets
  std::string port;
  std::string authority;  // as it goes into Host
};

// "http://host[:port][/]"; kInvalid for anything else (TLS and paths included).
Result<Endpoint> parse_url(std::string_view url);

// Writes requests to one server. The common headers are glued once. Immutable; any thread.
class RequestWriter {
 public:
  // `headers` are whole lines without their end: "Authorization: Bearer x".
  RequestWriter(const Endpoint& endpoint, const std::vector<std::string>& headers);

  void get(std::string& out, std::string_view path) const;
  // JSON body; an empty key sends no Idempotency-Key.
  void post(std::string& out, std::string_view path, std::string_view key, std::string_view body) const;

 private:
  std::string common_;  // from " HTTP/1.1" up to the last common header, with its end
};

struct Answer {
  int status = 0;
  bool close = false;  // the server will close the connection after it
  std::string_view body;
};

enum class Parse : uint8_t { kComplete, kIncomplete, kBad };

// Reads the first answer in `data`. kComplete: `answer` views `data`, `size` is its length in bytes.
// kIncomplete: `size` is what is needed at least before asking again (0 while the header is not whole).
Parse parse_answer(std::string_view data, Answer& answer, size_t& size);

}  // namespace ducat::load
