// Rendering of status lines and headers.
#include "platform/http/response_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "base/check.h"
#include "platform/http/compression.h"
#include "platform/http/status.h"
#include "platform/http/text.h"

namespace ducat::http {
namespace {

void append_number(std::string& out, uint64_t value) {
  char buffer[20];
  auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  out.append(buffer, end);
}

void append_status_line(std::string& out, int status) {
  if (status == 200) {
    out.append("HTTP/1.1 200 OK\r\n");
    return;
  }
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<uint64_t>(status));
  out.push_back(' ');
  out.append(reason_phrase(status)).append("\r\n");
}

constexpr std::array<bool, 256> kTokenBytes = [] {
  std::array<bool, 256> table{};
  for (char c : std::string_view("0123456789-_")) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

bool is_token(std::string_view name) {
  bool plain = !name.empty();
  for (char c : name) plain &= kTokenBytes[static_cast<unsigned char>(c)];
  return plain;
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  DUCAT_CHECK(is_token(name), "header names are constants");
  out.append(name).append(": ");
  size_t from = out.size();
  out.append(value);
  bool controls = false;
  for (char c : value) controls |= is_control(c);
  if (controls) std::replace_if(out.begin() + static_cast<ptrdiff_t>(from), out.end(), is_control, ' ');
  out.append("\r\n");
}

const std::string* find_header(const Response& response, std::string_view name) {
  for (const auto& [each, value] : response.headers) {
    if (equals_ignoring_case(each, name)) return &value;
  }
  return nullptr;
}

// IMF-fixdate (RFC 9110, section 5.6.7), without the locale's help.
void append_date(std::string& out, int64_t unix_seconds) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  time_t time = static_cast<time_t>(unix_seconds);
  tm utc{};
  gmtime_r(&time, &utc);
  auto two = [&out](int value) {
    out.push_back(static_cast<char>('0' + value / 10));
    out.push_back(static_cast<char>('0' + value % 10));
  };
  out.append(kDays[utc.tm_wday]).append(", ");
  two(utc.tm_mday);
  out.append(" ").append(kMonths[utc.tm_mon]).append(" ");
  append_number(out, static_cast<uint64_t>(utc.tm_year + 1900));
  out.push_back(' ');
  two(utc.tm_hour);
  out.push_back(':');
  two(utc.tm_min);
  out.push_back(':');
  two(utc.tm_sec);
  out.append(" GMT");
}

}  // namespace

ResponseWriter::ResponseWriter(std::string content_security_policy, size_t compress_from_bytes)
    : policy_(std::move(content_security_policy)), compress_from_bytes_(compress_from_bytes) {}

void ResponseWriter::set_time(Timestamp now) {
  int64_t second = now.micros / 1'000'000;
  if (second == second_) return;
  second_ = second;
  common_.assign("Date: ");
  append_date(common_, second);
  common_.append(
      "\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n");
}

std::string_view ResponseWriter::compress_body(Response& response, const ResponseContext& context,
                                               bool& varies) {
  if (response.body.size() <= compress_from_bytes_ || !is_compressible(response.content_type)) return {};
  if (find_header(response, "Content-Encoding") != nullptr) return {};
  varies = true;
  Encoding encoding = choose_encoding(context.accept_encoding);
  if (encoding == Encoding::kIdentity) return {};
  std::string smaller;
  if (!compress(encoding, response.body, smaller)) return {};
  response.body = std::move(smaller);
  return encoding_name(encoding);
}

void ResponseWriter::write(Response&& response, const ResponseContext& context, OutputQueue& out) {
  bool has_body = carries_body(response.status);
  bool varies = false;
  std::string_view encoding;
  if (has_body) encoding = compress_body(response, context, varies);

  std::string& head = out.tail();
  append_status_line(head, response.status);
  head.append(common_);
  if (response.headers.empty() || find_header(response, "Content-Security-Policy") == nullptr) {
    head.append("Content-Security-Policy: ").append(policy_).append("\r\n");
  }
  if (context.secure) head.append("Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n");
  if (has_body) {
    if (!response.content_type.empty()) {
      head.append("Content-Type: ").append(response.content_type).append("\r\n");
    }
    head.append("Content-Length: ");
    append_number(head, response.body.size());
    head.append("\r\n");
  }
  if (!context.keep_alive) {
    head.append("Connection: close\r\n");
  } else if (!context.http11) {
    head.append("Connection: keep-alive\r\n");
  }
  if (varies) head.append("Vary: Accept-Encoding\r\n");
  if (!encoding.empty()) append_header(head, "Content-Encoding", encoding);
  for (const auto& [name, value] : response.headers) append_header(head, name, value);
  head.append("\r\n");
  if (has_body && !context.is_head) out.append_body(std::move(response.body));
}

}  // namespace ducat::http
