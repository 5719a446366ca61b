// A refusal or failure as a caller sees it, and its two dresses (contracts/README.md, "Two response styles").
// A service answers an ApiError; it never writes the body itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "platform/rpc/violations.h"

namespace ducat::rpc {

enum class Style : uint8_t { kPlain, kEnvelope };

struct ApiError {
  int status = 500;
  std::string type;     // "InsufficientFundsError"; made from the status when empty
  std::string code;     // "ALREADY_EXISTS" for the envelope; the type, or made from the status, when empty
  std::string message;  // made from the status when empty
  std::string detail;   // plain style; the message when empty
  std::vector<Violation> violations;
  bool located = false;     // `detail` is the array of {loc, msg, type}
  int64_t retry_after = 0;  // seconds, for 429 and 503; 0 for no header
  std::string cause;        // for the log; never sent
  // Further members of the plain body, as JSON: {"index", "3"}. Names are constants.
  std::vector<std::pair<std::string_view, std::string>> members;

  // Something the status alone explains, or a message says.
  static ApiError of(int status, std::string message = {});
  // A rule of the business refused it.
  static ApiError refusal(int status, std::string type, std::string message, std::string detail = {});
  // The request breaks the contract's rules. `status` is 400, or 422 where the service says so.
  static ApiError invalid(std::vector<Violation> violations, int status = 400);
  // An operational failure: 503 with Retry-After when trying again may help, else 500. Its message goes to
  // `cause`.
  static ApiError from(const Error& error);
  // A write that came to an instance that follows: not applied, and another instance does it.
  static ApiError not_leading();
  bool is_not_leading() const;
};

// Appends the body. `target` is the request's, as received; `now` the time of the answer.
void append_error(std::string& out, Style style, const ApiError& error, std::string_view target,
                  Timestamp now);

// The plain style's `message`, as JSON: an array of texts for validation errors, else a text. And its `type`
// and its `detail`, as a text. For errors inside an answer, e.g. in a batch's element.
void append_plain_message(std::string& out, const ApiError& error);
std::string type_of(const ApiError& error);
std::string detail_of(const ApiError& error);

// The target as a text; bytes that are not UTF-8 are shown as %XX.
std::string target_text(std::string_view target);
// Appends it as JSON.
void append_target(std::string& out, std::string_view target);

}  // namespace ducat::rpc
