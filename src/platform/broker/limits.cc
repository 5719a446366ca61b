// See limits.h.
#include "platform/broker/limits.h"

#include <algorithm>

namespace ducat::broker {
namespace {

constexpr size_t kLongestName = 255;  // an AMQP short string, the least of what the brokers take

constexpr size_t kMostHeaders = 32;
constexpr size_t kLongestHeader = 1024;

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

bool is_header_name(std::string_view text) {
  return !text.empty() && text.size() <= kLongestName && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Status check_headers(const Message& message) {
  if (message.headers.size() > kMostHeaders)
    return fail(Errc::kInvalid, "message " + message.id + " has more than 32 headers");
  for (const auto& [name, value] : message.headers) {
    if (!is_header_name(name))
      return fail(Errc::kInvalid, "message " + message.id + " has a header whose name is no name");
    if (value.size() > kLongestHeader || has_control(value))
      return fail(Errc::kInvalid, "the header " + name + " of message " + message.id +
                                      " is too long or has control characters");
  }
  return {};
}

Status check_name(std::string_view what, std::string_view text, bool may_be_empty) {
  if (text.empty() && !may_be_empty) return fail(Errc::kInvalid, "a message without " + std::string(what));
  if (text.size() > kLongestName)
    return fail(Errc::kInvalid, "a message whose " + std::string(what) + " is longer than 255 bytes");
  if (has_control(text))
    return fail(Errc::kInvalid, "a message whose " + std::string(what) + " has control characters");
  return {};
}

}  // namespace

Status check_messages(std::span<const Message> messages) {
  for (const Message& message : messages) {
    DUCAT_TRY(check_name("stream", message.stream, false));
    DUCAT_TRY(check_name("type", message.type, false));
    DUCAT_TRY(check_name("id", message.id, false));
    DUCAT_TRY(check_name("key", message.key, true));
    DUCAT_TRY(check_headers(message));
    if (message.body.size() > kLargestBody) {
      return fail(Errc::kInvalid, "message " + message.id + " has a body of " +
                                      std::to_string(message.body.size()) + " bytes; " +
                                      std::to_string(kLargestBody) + " are allowed");
    }
  }
  return {};
}

}  // namespace ducat::broker
