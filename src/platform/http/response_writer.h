// Turns a Response into bytes. What every answer carries (Date, the security headers) is rendered once a
// second and copied as one piece.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "platform/http/message.h"
#include "platform/http/output_queue.h"

namespace ducat::http {

// What a response's bytes depend on besides itself.
struct ResponseContext {
  std::string_view accept_encoding;
  bool http11 = true;
  bool keep_alive = true;
  bool is_head = false;
  bool secure = false;
};

// One per I/O thread.
class ResponseWriter {
 public:
  ResponseWriter(std::string content_security_policy, size_t compress_from_bytes);

  // Renders the Date of `now`; call it at least every second.
  void set_time(Timestamp now);

  // Appends the answer to `out`. Control characters in header values become spaces, so that no value can end
  // a header.
  void write(Response&& response, const ResponseContext& context, OutputQueue& out);

 private:
  // Compresses the body if that is wanted and pays; answers the coding used.
  std::string_view compress_body(Response& response, const ResponseContext& context, bool& varies);

  std::string policy_;
  std::string common_;
  size_t compress_from_bytes_;
  int64_t second_ = -1;
};

}  // namespace ducat::http
