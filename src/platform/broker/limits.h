// What every adapter refuses before it sends anything, so that a message one broker takes is taken by all.
#pragma once

#include <span>

#include "platform/broker/broker.h"

namespace ducat::broker {

// kInvalid with the reason if one of them has a body over kLargestBody; no stream, type or id; a stream,
// type, key or id of more than 255 bytes; more than 32 headers, a header whose name is not letters, digits
// and '-', or whose value is longer than 1,024 bytes; or control characters in any of these.
Status check_messages(std::span<const Message> messages);

}  // namespace ducat::broker
