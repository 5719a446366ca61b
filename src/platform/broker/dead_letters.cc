// See dead_letters.h.
#include "platform/broker/dead_letters.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "platform/storage/concat.h"

namespace ducat::broker {
namespace {

constexpr Duration kRetention = Duration::seconds(30 * 24 * 3600);
constexpr size_t kLongestReason = 500;
constexpr size_t kLongestIdPart = 200;

StreamSpec stream_of_group(const std::string& group, std::string_view what) {
  StreamSpec spec;
  spec.name = storage::concat(group, ".", what);
  spec.type_prefixes = {""};  // a dead letter keeps its type
  spec.subject_prefix = spec.name + ".";
  spec.retention = kRetention;
  spec.max_bytes = int64_t{1} << 30;
  spec.partitions = 1;
  return spec;
}

// At most so many bytes, and no half of a character at the end.
std::string cut(std::string_view text, size_t limit) {
  if (text.size() <= limit) return std::string(text);
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return std::string(text.substr(0, limit));
}

std::string on_one_line(std::string_view text) {
  std::string line = cut(text, kLongestReason);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; },
      ' ');
  return line;
}

}  // namespace

StreamSpec dead_stream(const std::string& group) {
  return stream_of_group(group, "dlq");
}

StreamSpec retry_stream(const std::string& group) {
  return stream_of_group(group, "retry");
}

std::string_view header(const Message& message, std::string_view name) {
  for (const auto& [key, value] : message.headers) {
    if (key == name) return value;
  }
  return {};
}

Message make_dead_letter(const Message& message, const std::string& group, const Error& why,
                         uint64_t attempts, Timestamp at) {
  Message letter = message;
  letter.stream = dead_stream(group).name;
  letter.id = storage::concat(cut(message.id, kLongestIdPart), "@", at.micros);
  std::erase_if(letter.headers, [](const auto& header) { return header.first.starts_with("dead-"); });
  auto add = [&](std::string_view name, std::string value) {
    letter.headers.emplace_back(std::string(name), std::move(value));
  };
  add(kDeadReason, on_one_line(why.message));
  add(kDeadAttempts, std::to_string(attempts));
  add(kDeadStream, message.stream);
  add(kDeadType, message.type);
  add(kDeadId, message.id);
  add(kDeadAt, to_iso8601(at));
  return letter;
}

Message make_redriven(const Message& dead_letter, const std::string& group) {
  Message redriven = dead_letter;
  redriven.stream = retry_stream(group).name;
  return redriven;
}

void restore_id(Message& redriven) {
  std::string_view id = header(redriven, kDeadId);
  if (!id.empty()) redriven.id = std::string(id);
}

}  // namespace ducat::broker
