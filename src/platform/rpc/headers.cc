// See headers.h.
#include "platform/rpc/headers.h"

#include <algorithm>

#include "platform/http/text.h"

namespace ducat::rpc {
namespace {

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool all_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

void append_hex(std::string& out, uint64_t value) {
  constexpr char kHex[] = "0123456789abcdef";
  char digits[16];
  for (char& digit : digits) {
    digit = kHex[value >> 60];
    value <<= 4;
  }
  out.append(digits, sizeof(digits));
}

// The inside of a quoted string; false if a quote or a backslash stands where it may not.
bool unquote(std::string_view inside, std::string& out) {
  for (size_t i = 0; i < inside.size(); ++i) {
    char c = inside[i];
    if (c == '"') return false;
    if (c == '\\') {
      if (++i == inside.size() || (inside[i] != '"' && inside[i] != '\\')) return false;
      c = inside[i];
    }
    out.push_back(c);
  }
  return true;
}

}  // namespace

bool valid_request_id(std::string_view id) {
  return !id.empty() && id.size() <= kMaxIdLength &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

bool valid_traceparent(std::string_view value) {
  if (value.size() != 55 || !value.starts_with("00-") || value[35] != '-' || value[52] != '-') return false;
  std::string_view trace = value.substr(3, 32);
  std::string_view parent = value.substr(36, 16);
  return is_lower_hex(trace) && is_lower_hex(parent) && is_lower_hex(value.substr(53)) && !all_zero(trace) &&
         !all_zero(parent);
}

std::string make_traceparent(Random& random) {
  std::string out;
  out.reserve(55);
  out.append("00-");
  append_hex(out, random.next());
  append_hex(out, random.next() | 1);  // never all zero
  out.push_back('-');
  append_hex(out, random.next() | 1);
  out.append("-00");
  return out;
}

std::expected<std::string, std::string_view> parse_idempotency_key(std::string_view value) {
  std::string key;
  value = http::trimmed(value);
  if (value.starts_with('"')) {
    if (value.size() < 2 || !value.ends_with('"') || !unquote(value.substr(1, value.size() - 2), key)) {
      return std::unexpected("must be a well-formed quoted string");
    }
  } else {
    key = value;
  }
  if (key.empty()) return std::unexpected("should not be empty");
  if (key.size() > kMaxIdLength) return std::unexpected("must be shorter than or equal to 255 characters");
  if (!std::all_of(key.begin(), key.end(), [](char c) { return c >= ' ' && c < 0x7F; })) {
    return std::unexpected("must consist of printable ASCII characters");
  }
  return key;
}

bool is_json_media_type(std::string_view content_type) {
  std::string_view type = http::trimmed(content_type.substr(0, content_type.find(';')));
  if (http::equals_ignoring_case(type, "application/json")) return true;
  constexpr std::string_view kSuffix = "+json";
  return type.size() > kSuffix.size() + 12 &&
         http::equals_ignoring_case(type.substr(0, 12), "application/") &&
         http::equals_ignoring_case(type.substr(type.size() - kSuffix.size()), kSuffix);
}

}  // namespace ducat::rpc
