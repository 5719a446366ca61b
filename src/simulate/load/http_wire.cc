// See http_wire.h.
#include "simulate/load/http_wire.h"

#include <charconv>

namespace ducat::load {
namespace {

constexpr size_t kMaxHeader = 64 * 1024;
constexpr size_t kMaxBody = 64 * 1024 * 1024;

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] | 0x20) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

template <typename Number>
bool parse_number(std::string_view text, Number& into) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

struct Headers {
  size_t length = 0;
  bool has_length = false;
  bool close = false;
};

// Only lines that begin with C can be Content-Length or Connection; the others are passed over at their first
// byte. A Transfer-Encoding shows as the missing Content-Length.
bool parse_headers(std::string_view lines, Headers& headers) {
  while (!lines.empty()) {
    size_t end = lines.find("\r\n");
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 2);
    if (line.empty() || (line[0] != 'C' && line[0] != 'c')) continue;
    size_t colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    std::string_view name = line.substr(0, colon);
    std::string_view value = trim(line.substr(colon + 1));
    if (equals_ignoring_case(name, "content-length")) {
      if (!parse_number(value, headers.length) || headers.length > kMaxBody) return false;
      headers.has_length = true;
    } else if (equals_ignoring_case(name, "connection")) {
      headers.close = equals_ignoring_case(value, "close");
    }
  }
  return true;
}

void append_number(std::string& out, size_t value) {
  char digits[20];
  auto [end, error] = std::to_chars(digits, digits + sizeof(digits), value);
  out.append(digits, static_cast<size_t>(end - digits));
}

}  // namespace

Result<Endpoint> parse_url(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  std::string text(url);
  if (!url.starts_with(kScheme))
    return fail(Errc::kInvalid, "the address must begin with http://, not " + text);
  url.remove_prefix(kScheme.size());
  if (url.ends_with('/')) url.remove_suffix(1);
  Endpoint endpoint{.host = {}, .port = "80", .authority = std::string(url)};
  size_t host_end = url.starts_with('[') ? url.find(']') : url.rfind(':');
  if (url.starts_with('[')) {
    if (host_end == std::string_view::npos) return fail(Errc::kInvalid, "no ] in " + text);
    endpoint.host = url.substr(1, host_end - 1);
    url.remove_prefix(host_end + 1);
  } else {
    endpoint.host = url.substr(0, host_end);
    url.remove_prefix(host_end == std::string_view::npos ? url.size() : host_end);
  }
  if (!url.empty()) {
    uint16_t port = 0;
    if (url[0] != ':' || !parse_number(url.substr(1), port))
      return fail(Errc::kInvalid, "no port in " + text);
    endpoint.port = url.substr(1);
  }
  if (endpoint.host.empty() || endpoint.host.find_first_of("/?#@ ") != std::string::npos) {
    return fail(Errc::kInvalid, "an address is http://host:port, not " + text);
  }
  return endpoint;
}

RequestWriter::RequestWriter(const Endpoint& endpoint, const std::vector<std::string>& headers) {
  common_ = " HTTP/1.1\r\nHost: " + endpoint.authority + "\r\n";
  for (const std::string& header : headers) common_ += header + "\r\n";
}

void RequestWriter::get(std::string& out, std::string_view path) const {
  out.append("GET ").append(path).append(common_).append("\r\n");
}

void RequestWriter::post(std::string& out, std::string_view path, std::string_view key,
                         std::string_view body) const {
  out.append("POST ").append(path).append(common_);
  if (!key.empty()) out.append("Idempotency-Key: ").append(key).append("\r\n");
  out.append("Content-Type: application/json\r\nContent-Length: ");
  append_number(out, body.size());
  out.append("\r\n\r\n").append(body);
}

Parse parse_answer(std::string_view data, Answer& answer, size_t& size) {
  size = 0;
  size_t header_end = data.find("\r\n\r\n");
  if (header_end == std::string_view::npos)
    return data.size() > kMaxHeader ? Parse::kBad : Parse::kIncomplete;
  // "HTTP/1.1 200 OK": the status stands at 9..11.
  if (header_end < 12 || !data.starts_with("HTTP/1.") || !parse_number(data.substr(9, 3), answer.status)) {
    return Parse::kBad;
  }
  Headers headers;
  size_t line_end = data.find("\r\n");
  std::string_view lines = data.substr(line_end, header_end - line_end);
  if (!parse_headers(lines, headers)) return Parse::kBad;
  bool bodiless = answer.status == 204 || answer.status == 304;
  if (!headers.has_length && !bodiless) return Parse::kBad;
  size = header_end + 4 + (bodiless ? 0 : headers.length);
  if (data.size() < size) return Parse::kIncomplete;
  answer.close = headers.close;
  answer.body = data.substr(header_end + 4, size - header_end - 4);
  return Parse::kComplete;
}

}  // namespace ducat::load
