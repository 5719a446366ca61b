// See limits.h.
#include "platform/broker/limits.h"

#include <algorithm>

namespace ducat::broker {
namespace {

constexpr size_t kLongestName = 255;  // an AMQP short string, the least of what the brokers take

Status check_name(std::string_view what, std::string_view text, bool may_be_empty) {
  if (text.empty() && !may_be_empty) return fail(Errc::kInvalid, "a message without " + std::string(what));
  if (text.size() > kLongestName)
    return fail(Errc::kInvalid, "a message whose " + std::string(what) + " is longer than 255 bytes");
  bool printable = std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (!printable)
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
    if (message.body.size() > kLargestBody) {
      return fail(Errc::kInvalid, "message " + message.id + " has a body of " +
                                      std::to_string(message.body.size()) + " bytes; " +
                                      std::to_string(kLargestBody) + " are allowed");
    }
  }
  return {};
}

}  // namespace ducat::broker
