// See answers.h.
#include "simulate/load/answers.h"

#include <cstring>

namespace ducat::load {
namespace {

constexpr int kDecimals = 2;
constexpr size_t kMaxDigits = 15;

bool is_number_char(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

std::string_view number_at(std::string_view json, size_t at) {
  while (at < json.size() && json[at] == ' ') ++at;
  size_t end = at;
  while (end < json.size() && is_number_char(json[end])) ++end;
  return json.substr(at, end - at);
}

// The end of the object that begins at `at`, or npos. Strings are skipped with their escapes.
size_t object_end(std::string_view body, size_t at) {
  int depth = 0;
  bool in_text = false;
  for (; at < body.size(); ++at) {
    char c = body[at];
    if (in_text) {
      if (c == '\\') ++at;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (--depth == 0) return at + 1;
    }
  }
  return std::string_view::npos;
}

}  // namespace

std::optional<int64_t> parse_cents(std::string_view number) {
  bool negative = number.starts_with('-');
  if (negative) number.remove_prefix(1);
  int64_t value = 0;
  size_t digits = 0;
  int decimals = -1;  // -1: before the point
  for (char c : number) {
    if (c == '.' && decimals < 0 && digits > 0) {
      decimals = 0;
      continue;
    }
    if (c < '0' || c > '9' || ++digits > kMaxDigits || decimals == kDecimals) return std::nullopt;
    value = value * 10 + (c - '0');
    if (decimals >= 0) ++decimals;
  }
  if (digits == 0 || decimals == 0) return std::nullopt;
  for (int i = decimals < 0 ? 0 : decimals; i < kDecimals; ++i) value *= 10;
  return negative ? -value : value;
}

std::string_view number_after(std::string_view json, std::string_view quoted) {
  size_t at = json.find(quoted);
  return at == std::string_view::npos ? std::string_view() : number_at(json, at + quoted.size());
}

void batch_statuses(std::string_view body, std::vector<int>& into) {
  constexpr std::string_view kField = "\"statusCode\":";
  const char* at = body.data();
  const char* end = body.data() + body.size();
  // memmem is several times faster than string_view::find on long text.
  while (at < end) {
    const void* hit = memmem(at, static_cast<size_t>(end - at), kField.data(), kField.size());
    if (hit == nullptr) return;
    at = static_cast<const char*>(hit) + kField.size();
    std::string_view digits = number_at(body, static_cast<size_t>(at - body.data()));
    int status = 0;
    for (char c : digits.substr(0, 3)) status = status * 10 + (c - '0');
    into.push_back(digits.size() == 3 ? status : 0);
  }
}

std::vector<std::string_view> array_elements(std::string_view body) {
  std::vector<std::string_view> elements;
  size_t at = body.find_first_not_of(" \r\n");
  if (at == std::string_view::npos || body[at] != '[') return {};
  for (++at; at < body.size(); ++at) {
    if (body[at] == ']') return elements;
    if (body[at] != '{') continue;
    size_t end = object_end(body, at);
    if (end == std::string_view::npos) return {};
    elements.push_back(body.substr(at, end - at));
    at = end - 1;
  }
  return {};
}

}  // namespace ducat::load
