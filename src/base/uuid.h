// UUIDs as 16 bytes, and UUIDv7 (RFC 9562, section 5.7), whose order is the order of creation.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/time.h"

namespace ducat {

struct Uuid {
  std::array<uint8_t, 16> bytes{};
  auto operator<=>(const Uuid&) const = default;

  // 8-4-4-4-12 lower-case hexadecimal.
  std::string to_string() const;
  void append_to(std::string& out) const;
  // Accepts upper and lower case in the canonical form; nothing for anything else.
  static std::optional<Uuid> parse(std::string_view text);

  // Milliseconds of a version 7 id.
  int64_t unix_millis() const;
};

// A version 7 id of the given time and 74 random bits.
Uuid make_uuid7(Timestamp now, Random& random);

// A version 7 id whose 62-bit tail is `tail` (a position, say) instead of randomness: it is unique as long as
// the tail is, and tells where its record is without an index.
Uuid make_uuid7_located(Timestamp now, uint64_t tail);
uint64_t uuid7_tail(const Uuid& id);

}  // namespace ducat
