// RFC 9562: 48 bits of milliseconds, version 7, 12 bits, variant 10, 62 bits; big-endian.
#include "base/uuid.h"

namespace ducat {
namespace {

constexpr char kHex[] = "0123456789abcdef";

Uuid assemble(int64_t millis, uint64_t rand_a, uint64_t rand_b) {
  Uuid id;
  for (int i = 0; i < 6; ++i) id.bytes[i] = static_cast<uint8_t>(millis >> (8 * (5 - i)));
  id.bytes[6] = static_cast<uint8_t>(0x70 | ((rand_a >> 8) & 0x0F));
  id.bytes[7] = static_cast<uint8_t>(rand_a);
  for (int i = 0; i < 8; ++i) id.bytes[8 + i] = static_cast<uint8_t>(rand_b >> (8 * (7 - i)));
  id.bytes[8] = static_cast<uint8_t>((id.bytes[8] & 0x3F) | 0x80);
  return id;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool dash_at(size_t i) {
  return i == 8 || i == 13 || i == 18 || i == 23;
}

}  // namespace

std::string Uuid::to_string() const {
  std::string out;
  append_to(out);
  return out;
}

void Uuid::append_to(std::string& out) const {
  char text[36];
  size_t at = 0;
  for (uint8_t byte : bytes) {
    if (dash_at(at)) text[at++] = '-';
    text[at++] = kHex[byte >> 4];
    text[at++] = kHex[byte & 15];
  }
  out.append(text, sizeof(text));
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid id;
  size_t byte = 0;
  for (size_t i = 0; i < text.size();) {
    if (dash_at(i)) {
      if (text[i++] != '-') return std::nullopt;
      continue;
    }
    int high = hex_value(text[i]);
    int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[byte++] = static_cast<uint8_t>(high << 4 | low);
    i += 2;
  }
  return id;
}

int64_t Uuid::unix_millis() const {
  int64_t millis = 0;
  for (int i = 0; i < 6; ++i) millis = millis << 8 | bytes[i];
  return millis;
}

Uuid make_uuid7(Timestamp now, Random& random) {
  return assemble(now.millis(), random.next(), random.next());
}

Uuid make_uuid7_located(Timestamp now, uint64_t tail) {
  return assemble(now.millis(), static_cast<uint64_t>(now.micros % 1000) << 2, tail);
}

uint64_t uuid7_tail(const Uuid& id) {
  uint64_t tail = id.bytes[8] & 0x3F;
  for (int i = 9; i < 16; ++i) tail = tail << 8 | id.bytes[i];
  return tail;
}

}  // namespace ducat
