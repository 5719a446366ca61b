// See message_block.h.
#include "platform/broker/embedded/message_block.h"

#include "base/bytes.h"
#include "base/hash.h"

namespace ducat::broker {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kChecksumBytes = 8;

Message read_message(const std::string& stream, ByteReader& in) {
  Message message;
  message.stream = stream;
  message.type = in.text();
  message.key = in.text();
  message.id = in.text();
  message.body = in.text();
  for (uint64_t headers = in.varint(); headers > 0 && in.ok(); --headers) {
    std::string name(in.text());
    message.headers.emplace_back(std::move(name), in.text());
  }
  return message;
}

}  // namespace

std::string encode_block(const MessageBlock& block) {
  std::string bytes(kChecksumBytes, '\0');
  ByteWriter out(bytes);
  out.u8(kVersion);
  out.varint(block.first);
  out.varint(block.messages.size());
  for (const Message& message : block.messages) {
    out.text(message.type);
    out.text(message.key);
    out.text(message.id);
    out.text(message.body);
    out.varint(message.headers.size());
    for (const auto& [name, value] : message.headers) {
      out.text(name);
      out.text(value);
    }
  }
  uint64_t checksum = hash64(std::string_view(bytes).substr(kChecksumBytes));
  std::memcpy(bytes.data(), &checksum, kChecksumBytes);
  return bytes;
}

Result<MessageBlock> decode_block(const std::string& stream, std::string_view bytes) {
  ByteReader in(bytes);
  uint64_t checksum = in.fixed64();
  bool sound = in.ok() && checksum == hash64(bytes.substr(kChecksumBytes)) && in.u8() == kVersion;
  MessageBlock block;
  block.bytes = bytes.size();
  block.first = in.varint();
  for (uint64_t count = in.varint(); sound && in.ok() && count > 0; --count)
    block.messages.push_back(read_message(stream, in));
  if (!sound || !in.complete() || block.messages.empty())
    return fail(Errc::kCorrupt, "a block of messages of " + stream + " does not pass its check");
  return block;
}

}  // namespace ducat::broker
