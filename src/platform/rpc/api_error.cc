// See api_error.h.
#include "platform/rpc/api_error.h"

#include "platform/http/status.h"
#include "platform/rpc/json_text.h"

namespace ducat::rpc {
namespace {

constexpr std::string_view kNotLeading = "NotLeadingError";

// "Not Found" → "NotFoundError"; "Internal Server Error" keeps its one Error.
std::string type_of_status(int status) {
  std::string type(http::reason_phrase(status));
  std::erase_if(type, [](char c) { return c == ' ' || c == '-'; });
  if (!type.ends_with("Error")) type.append("Error");
  return type;
}

// "Not Found" → "NOT_FOUND".
std::string code_of_status(int status) {
  std::string code(http::reason_phrase(status));
  for (char& c : code) c = c == ' ' || c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return code;
}

std::string code_of(const ApiError& error) {
  if (!error.code.empty()) return error.code;
  return error.type.empty() ? code_of_status(error.status) : error.type;
}

std::string message_of(const ApiError& error) {
  return error.message.empty() ? std::string(http::reason_phrase(error.status)) : error.message;
}

// ["body","operations",3,"amount"]
void add_location(JsonBuilder& json, const Violation& violation) {
  json.begin_array().text(violation.source);
  std::string_view rest = violation.path;
  while (!rest.empty()) {
    std::string_view part = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    bool index =
        !part.empty() && part.size() < 10 && part.find_first_not_of("0123456789") == std::string_view::npos;
    if (index) {
      json.raw(part);
    } else {
      json.text(part);
    }
  }
  json.end_array();
}

void add_located_detail(JsonBuilder& json, const ApiError& error) {
  json.key("detail").begin_array();
  for (const Violation& violation : error.violations) {
    json.begin_object().key("loc");
    add_location(json, violation);
    json.key("msg").text(violation.message).key("type").text(violation.type).end_object();
  }
  json.end_array();
}

void add_plain_members(JsonBuilder& json, const ApiError& error) {
  json.key("statusCode").number(error.status);
  json.key("error").text(http::reason_phrase(error.status));
  json.key("type").text(type_of(error));
  std::string message;
  append_plain_message(message, error);
  json.key("message").raw(message);
  if (error.located && !error.violations.empty()) {
    add_located_detail(json, error);
  } else {
    json.key("detail").text(detail_of(error));
  }
  for (const auto& [name, value] : error.members) json.key(name).raw(value);
}

void add_envelope_members(JsonBuilder& json, const ApiError& error) {
  json.key("success").boolean(false).key("error").begin_object();
  json.key("code").text(code_of(error)).key("message").text(message_of(error));
  if (!error.violations.empty()) {
    json.key("details").begin_array();
    for (const Violation& violation : error.violations) {
      json.begin_object()
          .key("path")
          .text(violation.path)
          .key("message")
          .text(violation.message)
          .end_object();
    }
    json.end_array();
  }
  json.end_object();
}

}  // namespace

ApiError ApiError::of(int status, std::string message) {
  ApiError error;
  error.status = status;
  error.message = std::move(message);
  return error;
}

ApiError ApiError::refusal(int status, std::string type, std::string message, std::string detail) {
  ApiError error = of(status, std::move(message));
  error.type = std::move(type);
  error.detail = std::move(detail);
  return error;
}

ApiError ApiError::invalid(std::vector<Violation> violations, int status) {
  ApiError error = of(status, "Validation failed");
  error.type = "ValidationError";
  error.code = "VALIDATION_ERROR";
  error.violations = std::move(violations);
  error.located = status == 422;
  return error;
}

ApiError ApiError::from(const Error& failure) {
  ApiError error =
      of(failure.retryable() || failure.code == Errc::kTimeout || failure.code == Errc::kFenced ? 503 : 500);
  if (error.status == 503) error.retry_after = 1;
  error.cause = std::string(to_string(failure.code)) + ": " + failure.message;
  return error;
}

ApiError ApiError::not_leading() {
  ApiError error = of(503, "This instance follows another one, which does the writing");
  error.type = kNotLeading;
  error.code = "NOT_LEADING";
  error.retry_after = 1;
  return error;
}

bool ApiError::is_not_leading() const {
  return status == 503 && type == kNotLeading;
}

std::string type_of(const ApiError& error) {
  return error.type.empty() ? type_of_status(error.status) : error.type;
}

std::string detail_of(const ApiError& error) {
  if (!error.detail.empty()) return error.detail;
  if (error.violations.empty()) return message_of(error);
  std::string joined;
  for (const Violation& violation : error.violations) {
    if (!joined.empty()) joined.append("; ");
    joined.append(violation.message);
  }
  return joined;
}

void append_plain_message(std::string& out, const ApiError& error) {
  if (error.violations.empty()) return append_json_text(out, message_of(error));
  JsonBuilder json(out);
  json.begin_array();
  for (const Violation& violation : error.violations) json.text(violation.message);
  json.end_array();
}

std::string target_text(std::string_view target) {
  if (valid_utf8(target)) return std::string(target);
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string shown;
  for (char c : target) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      shown.push_back(c);
    } else {
      shown.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return shown;
}

void append_target(std::string& out, std::string_view target) {
  append_json_text(out, valid_utf8(target) ? target : std::string_view(target_text(target)));
}

void append_error(std::string& out, Style style, const ApiError& error, std::string_view target,
                  Timestamp now) {
  std::string path;
  append_target(path, target);
  JsonBuilder json(out);
  json.begin_object();
  if (style == Style::kPlain) {
    add_plain_members(json, error);
  } else {
    add_envelope_members(json, error);
  }
  json.key("timestamp").text(to_iso8601(now)).key("path").raw(path).end_object();
}

}  // namespace ducat::rpc
