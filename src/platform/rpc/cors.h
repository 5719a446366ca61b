// Cross-origin requests (the WHATWG Fetch standard, "CORS protocol"): who may read our answers from a
// browser.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "platform/http/message.h"

namespace ducat::rpc {

struct CorsOptions {
  bool any_origin = false;           // development
  std::vector<std::string> origins;  // "https://console.example.com", compared exactly
};

// Immutable; thread-safe.
class Cors {
 public:
  explicit Cors(CorsOptions options) : options_(std::move(options)) {}

  // Adds what lets the origin of `request` read the answer; nothing for no origin or one that is not allowed.
  void add_headers(const http::Request& request, http::Response& response) const;

  // The answer to OPTIONS on a path whose methods are `allow` ("GET, HEAD, OPTIONS").
  http::Response preflight(const http::Request& request, std::string allow) const;

 private:
  bool allowed(std::string_view origin) const;

  CorsOptions options_;
};

}  // namespace ducat::rpc
