// Messages as bytes: a row of the in-process broker's log.
//
//   block    := checksum:fixed64 (XXH3 of the rest) version:u8 (1) first:varint count:varint message*
//   message  := type:text key:text id:text body:text headers:varint (name:text value:text)*
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/broker/broker.h"

namespace ducat::broker {

// Messages of one stream numbered from `first`.
struct MessageBlock {
  uint64_t first = 0;
  std::vector<Message> messages;
  size_t bytes = 0;  // encoded

  uint64_t last() const { return first + messages.size() - 1; }
};

std::string encode_block(const MessageBlock& block);
// kCorrupt for anything encode_block did not make. The messages get `stream`.
Result<MessageBlock> decode_block(const std::string& stream, std::string_view bytes);

}  // namespace ducat::broker
