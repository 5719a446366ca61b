// An event as a line of JSON (RFC 8259) or of text.
#include <algorithm>
#include <charconv>

#include "platform/telemetry/logger.h"

namespace ducat::log {
namespace {

constexpr size_t kMaxValueBytes = 8'192;

const char* name_of(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarn:
      return "warn";
    case Level::kError:
      return "error";
  }
  return "error";
}

// How many bytes the UTF-8 sequence at the front has (Unicode 15, table 3-7); 0 if it is none.
size_t utf8_length(std::string_view text) {
  auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  auto continues = [&](size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F)) return 0;
    return continues(1) && continues(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if ((first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F)) return 0;
    return continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

void append_control(std::string& out, unsigned char c) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += {'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 15]};
  }
}

void append_quoted(std::string& out, std::string_view text) {
  bool cut = text.size() > kMaxValueBytes;
  text = text.substr(0, kMaxValueBytes);
  out += '"';
  while (!text.empty()) {
    size_t length = utf8_length(text);
    auto c = static_cast<unsigned char>(text[0]);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (c < 0x20 || c == 0x7F) {
      append_control(out, c);
    } else if (c == '"' || c == '\\') {
      out += {'\\', static_cast<char>(c)};
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  if (cut) out += "…";
  out += '"';
}

template <typename Int>
void append_integer(std::string& out, Int value) {
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr);
}

struct AppendValue {
  std::string& out;
  bool bare_words;  // text without anything special needs no quotes

  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(int64_t value) const { append_integer(out, value); }
  void operator()(uint64_t value) const { append_integer(out, value); }
  void operator()(std::string_view value) const {
    auto plain = [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '\\' && c != '='; };
    bool bare =
        bare_words && !value.empty() && value.size() <= kMaxValueBytes && std::ranges::all_of(value, plain);
    bare ? void(out += value) : append_quoted(out, value);
  }
};

}  // namespace

std::optional<Level> parse_level(std::string_view text) {
  for (Level level : {Level::kDebug, Level::kInfo, Level::kWarn, Level::kError}) {
    if (text == name_of(level)) return level;
  }
  return std::nullopt;
}

std::optional<Format> parse_format(std::string_view text) {
  if (text == "auto") return Format::kAuto;
  if (text == "json") return Format::kJson;
  if (text == "text") return Format::kText;
  return std::nullopt;
}

std::string format_json(Timestamp time, Level level, std::string_view service, std::string_view event,
                        std::span<const Field> fields) {
  std::string out = "{\"time\":\"";
  append_iso8601(out, time);
  out += "\",\"level\":\"";
  out += name_of(level);
  out += "\",\"service\":";
  append_quoted(out, service);
  out += ",\"event\":";
  append_quoted(out, event);
  for (const Field& field : fields) {
    out += ',';
    append_quoted(out, field.key);
    out += ':';
    std::visit(AppendValue{out, false}, field.value);
  }
  out += '}';
  return out;
}

std::string format_text(Timestamp time, Level level, std::string_view event, std::span<const Field> fields) {
  constexpr size_t kLevelWidth = 6;
  std::string out;
  append_iso8601(out, time);
  out += ' ';
  size_t column = out.size();
  out += name_of(level);
  out.resize(column + kLevelWidth, ' ');
  AppendValue append{out, true};
  append(event);
  for (const Field& field : fields) {
    out += ' ';
    append(field.key);
    out += '=';
    std::visit(append, field.value);
  }
  return out;
}

}  // namespace ducat::log
