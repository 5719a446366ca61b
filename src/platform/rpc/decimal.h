// Numbers as the digits they came in. Money never passes through floating point, so the reader works on text:
// the grammar of a JSON number, and its exact form without exponent.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ducat::rpc {

// The most digits an amount may have in all (contracts/README.md, "Money").
constexpr size_t kMaxMoneyDigits = 15;

enum class Sign { kNegative, kZero, kPositive };

// The parts of a number by the grammar of RFC 8259, section 6. Views into the text it was read from.
struct Decimal {
  bool negative = false;
  std::string_view integer;   // at least one digit, no needless zero in front
  std::string_view fraction;  // without the point; may be empty
  int exponent = 0;           // bounded to ±1000: beyond that only its size matters

  Sign sign() const;
  // As digits without exponent: "1e2" is "100", "-0.5e1" is "-5". Nothing if it needs more than
  // kMaxMoneyDigits digits; zeros in front do not count, those behind the point do. Written to `out`,
  // replacing it.
  bool to_plain(std::string& out) const;
};

// Nothing if the text is not exactly one JSON number (so no "+1", "01", ".5", "1.", "NaN").
std::optional<Decimal> parse_decimal(std::string_view text);

}  // namespace ducat::rpc
