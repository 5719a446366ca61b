// The parser as a connection feeds it, for its tests and its fuzzer.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "platform/http/input_buffer.h"
#include "platform/http/request_parser.h"

namespace ducat::http {

inline constexpr ParserLimits kLimits{
    .header_bytes = 4096, .target_bytes = 1024, .headers = 20, .body_bytes = 50'000};

// Feeds `bytes` through an InputBuffer in pieces of the sizes `next_size` gives; answers a line for each
// request.
template <typename NextSize>
std::vector<std::string> requests_of(std::string_view bytes, NextSize next_size) {
  BlockPool pool;
  RequestParser parser(kLimits);
  InputBuffer input(pool, parser);
  IncomingRequest incoming;
  std::vector<std::string> found;
  while (!bytes.empty()) {
    auto space = input.space();
    size_t size = std::min({space.size(), bytes.size(), next_size()});
    std::memcpy(space.data(), bytes.data(), size);
    input.received(size);
    bytes.remove_prefix(size);
    while (input.has_unparsed()) {
      if (!parser.started() && (*input.unparsed() == '\r' || *input.unparsed() == '\n')) {
        input.parsed(1);
        input.next_request();
        continue;
      }
      if (!parser.started()) parser.start(incoming);
      auto step = parser.feed(input.unparsed(), input.unparsed_size());
      input.parsed(step.used);
      if (step.outcome == RequestParser::Outcome::kNeedMore) break;
      if (step.outcome == RequestParser::Outcome::kRefused) {
        found.push_back("refused " + std::to_string(step.status));
        return found;
      }
      input.next_request();
      const Request& request = incoming.request;
      std::string line(request.method);
      line.append(" ").append(request.path).append(" ?").append(request.query);
      for (const Header& header : request.headers)
        line.append(";").append(header.name).append("=").append(header.value);
      line.append("|").append(request.body).append(incoming.keep_alive ? "|keep" : "|close");
      found.push_back(line);
    }
  }
  return found;
}

}  // namespace ducat::http
