// The number grammar, and exact digits whatever the notation.
#include "platform/rpc/decimal.h"

#include <gtest/gtest.h>

namespace ducat::rpc {
namespace {

std::string plain(std::string_view text) {
  auto number = parse_decimal(text);
  if (!number) return "malformed";
  std::string out;
  return number->to_plain(out) ? out : "too long";
}

TEST(Decimal, KeepsDigitsAndResolvesExponentsExactly) {
  const std::pair<const char*, const char*> cases[] = {
      {"100", "100"},
      {"1.24", "1.24"},
      {"0.1", "0.1"},
      {"1.50", "1.50"},
      {"-5", "-5"},
      {"1e2", "100"},
      {"1.5E+3", "1500"},
      {"150e-2", "1.50"},
      {"-0.5e1", "-5"},
      {"0.00000001", "0.00000001"},
      {"1e-8", "0.00000001"},
      {"12.34e1", "123.4"},
      {"0e999", "0"},
      {"999999999999999", "999999999999999"},
      {"9999999999999.99", "9999999999999.99"},
      {"1e14", "100000000000000"},
      {"0.5e-0", "0.5"},
  };
  for (auto [in, out] : cases) EXPECT_EQ(plain(in), out) << in;
}

TEST(Decimal, RefusesMoreThanFifteenDigits) {
  for (const char* text : {"1000000000000000", "99999999999999.99", "1e15", "1e400", "1e-16",
                           "0.1e-99999999999", "1.0000000000000000", "123456789012345678901234567890e-20"}) {
    EXPECT_EQ(plain(text), "too long") << text;
  }
}

TEST(Decimal, RefusesWhatIsNotAJsonNumber) {
  for (const char* text : {"", "-", "+1", "01", ".5", "1.", "1e", "1e+", "NaN", "Infinity", "-Infinity", "1 ",
                           " 1", "1,5", "0x10", "1_000", "--1", "1.2.3", "1e2.5"}) {
    EXPECT_EQ(plain(text), "malformed") << text;
  }
}

TEST(Decimal, KnowsTheSign) {
  EXPECT_EQ(parse_decimal("0.00")->sign(), Sign::kZero);
  EXPECT_EQ(parse_decimal("-0")->sign(), Sign::kZero);
  EXPECT_EQ(parse_decimal("-0.01")->sign(), Sign::kNegative);
  EXPECT_EQ(parse_decimal("0.01")->sign(), Sign::kPositive);
}

}  // namespace
}  // namespace ducat::rpc
