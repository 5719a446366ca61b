#include "base/money.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/currencies.h"
#include "base/random.h"

namespace ducat {
namespace {

constexpr Currency kAll[] = {Currency::kJpy, Currency::kUsd, Currency::kKwd, Currency::kClf, Currency::kBtc};

std::string decimal(int64_t minor, Currency currency) {
  std::string out;
  append_decimal(out, minor, currency);
  return out;
}

std::string fixed(int64_t minor, Currency currency) {
  std::string out;
  append_fixed(out, minor, currency);
  return out;
}

TEST(Currency, CodesAndNumbersNameEachOther) {
  for (const CurrencyRow& row : kCurrencies) {
    auto currency = parse_currency(row.code);
    ASSERT_TRUE(currency) << row.code;
    EXPECT_EQ(code_of(*currency), row.code);
    EXPECT_EQ(exponent_of(*currency), row.exponent);
    EXPECT_TRUE(is_currency(row.number));
  }
  EXPECT_EQ(std::size(kCurrencies), 172u);
}

TEST(Currency, NamedConstantsAreTheTablesRows) {
  EXPECT_EQ(parse_currency("USD"), Currency::kUsd);
  EXPECT_EQ(parse_currency("JPY"), Currency::kJpy);
  EXPECT_EQ(parse_currency("VND"), Currency::kVnd);
  EXPECT_EQ(parse_currency("KWD"), Currency::kKwd);
  EXPECT_EQ(parse_currency("CLF"), Currency::kClf);
  EXPECT_EQ(parse_currency("GBP"), Currency::kGbp);
  EXPECT_EQ(parse_currency("EUR"), Currency::kEur);
  EXPECT_EQ(parse_currency("BTC"), Currency::kBtc);
  EXPECT_EQ(parse_currency("ETH"), Currency::kEth);
  EXPECT_EQ(parse_currency("USDC"), Currency::kUsdc);
  EXPECT_EQ(parse_currency("USDT"), Currency::kUsdt);
  EXPECT_EQ(parse_currency("LTC"), Currency::kLtc);
  EXPECT_EQ(parse_currency("BCH"), Currency::kBch);
}

TEST(Currency, ExponentsAreTheRealOnes) {
  EXPECT_EQ(exponent_of(Currency::kJpy), 0);
  EXPECT_EQ(exponent_of(Currency::kVnd), 0);
  EXPECT_EQ(exponent_of(Currency::kUsd), 2);
  EXPECT_EQ(exponent_of(Currency::kKwd), 3);
  EXPECT_EQ(exponent_of(Currency::kClf), 4);
  EXPECT_EQ(exponent_of(Currency::kBtc), 8);
}

TEST(Currency, UnknownCodesAndNumbersAreNone) {
  for (const char* code : {"", "usd", "US", "USDX", "XAU", "XXX", "ABC"})
    EXPECT_FALSE(parse_currency(code)) << code;
  for (uint32_t number : {0u, 1u, 959u, 1000u, 1007u, 1024u, 65535u, 4000000000u}) {
    EXPECT_FALSE(is_currency(number)) << number;
  }
  EXPECT_EQ(code_of(Currency::kNone), "");
  EXPECT_EQ(exponent_of(Currency::kNone), 0);
}

struct Accepted {
  const char* digits;
  Currency currency;
  int64_t minor;
};

TEST(ParseMinor, IsExact) {
  const Accepted cases[] = {
      {"100", Currency::kUsd, 10000},
      {"1.24", Currency::kUsd, 124},
      {"1.5", Currency::kUsd, 150},
      {"0.01", Currency::kUsd, 1},
      {"0", Currency::kUsd, 0},
      {"-0", Currency::kUsd, 0},
      {"0.000", Currency::kJpy, 0},
      {"0e5", Currency::kUsd, 0},
      {"-1.24", Currency::kUsd, -124},
      {"1.2400", Currency::kUsd, 124},
      {"1.50000000000000000000000", Currency::kUsd, 150},
      {"100.00", Currency::kJpy, 100},
      {"1e2", Currency::kUsd, 10000},
      {"1E+2", Currency::kUsd, 10000},
      {"1.5e1", Currency::kJpy, 15},
      {"150e-1", Currency::kJpy, 15},
      {"1e-2", Currency::kUsd, 1},
      {"1200e-2", Currency::kJpy, 12},
      {"10.10", Currency::kUsd, 1010},
      {"1001", Currency::kUsd, 100100},
      {"100.001", Currency::kKwd, 100001},
      {"0.00000001", Currency::kBtc, 1},
      {"21000000", Currency::kBtc, 2'100'000'000'000'000},
      {"9999999.99999999", Currency::kBtc, 999'999'999'999'999},
      {"999999999999999", Currency::kUsd, 99'999'999'999'999'900},
      {"999999999999999", Currency::kKwd, 999'999'999'999'999'000},
      {"100000000000000", Currency::kJpy, 100'000'000'000'000},
      {"9999999999999.99", Currency::kUsd, 999'999'999'999'999},
      {"1e14", Currency::kJpy, 100'000'000'000'000},
      {"0.1", Currency::kUsd, 10},
      {"0.29", Currency::kUsd, 29},
  };
  for (const Accepted& c : cases) {
    auto minor = parse_minor(c.digits, c.currency);
    ASSERT_TRUE(minor) << c.digits;
    EXPECT_EQ(*minor, c.minor) << c.digits;
  }
}

struct Refused {
  const char* digits;
  Currency currency;
  AmountError error;
};

TEST(ParseMinor, RefusesWhatItCannotHoldExactly) {
  const Refused cases[] = {
      {"1.245", Currency::kUsd, AmountError::kTooPrecise},
      {"0.1", Currency::kJpy, AmountError::kTooPrecise},
      {"1.0001", Currency::kKwd, AmountError::kTooPrecise},
      {"1e-3", Currency::kUsd, AmountError::kTooPrecise},
      {"15e-1", Currency::kJpy, AmountError::kTooPrecise},
      {"0.000000001", Currency::kBtc, AmountError::kTooPrecise},
      {"1e-9999999999999999999", Currency::kUsd, AmountError::kTooPrecise},
      {"1000000000000000", Currency::kUsd, AmountError::kTooManyDigits},
      {"1234567890123456", Currency::kJpy, AmountError::kTooManyDigits},
      {"12345678901234.56", Currency::kUsd, AmountError::kTooManyDigits},
      {"1e15", Currency::kJpy, AmountError::kTooManyDigits},
      {"1e9999999999999999999", Currency::kUsd, AmountError::kTooManyDigits},
      {"99999999999999999999999999999999999999", Currency::kUsd, AmountError::kTooManyDigits},
      {"-99999999999999999999999999999999999999", Currency::kUsd, AmountError::kTooManyDigits},
      {"999999999999999", Currency::kClf, AmountError::kOutOfRange},
      {"10000000000", Currency::kBtc, AmountError::kOutOfRange},
      {"-999999999999999", Currency::kBtc, AmountError::kOutOfRange},
  };
  for (const Refused& c : cases) {
    auto minor = parse_minor(c.digits, c.currency);
    ASSERT_FALSE(minor) << c.digits << " gave " << *minor;
    EXPECT_EQ(minor.error(), c.error) << c.digits;
  }
}

TEST(ParseMinor, RefusesWhatIsNotAJsonNumber) {
  for (const char* text : {"",    "-",        "+1",        ".5",    "5.",  "1.",    "1e",       "1e+",  "e5",
                           "01",  "-01",      "00",        " 1",    "1 ",  "1,5",   "1.2.3",    "0x10", "NaN",
                           "nan", "Infinity", "-Infinity", "1_000", "--1", "1e1.5", "\xD9\xA1", "1a"}) {
    auto minor = parse_minor(text, Currency::kUsd);
    ASSERT_FALSE(minor) << text;
    EXPECT_EQ(minor.error(), AmountError::kNotANumber) << text;
  }
  EXPECT_FALSE(parse_minor(std::string_view("1\0", 2), Currency::kUsd));
}

TEST(ParseDecimal, KeepsTheValueAsWritten) {
  EXPECT_EQ(parse_decimal("1.2400"), (Decimal{124, 2}));
  EXPECT_EQ(parse_decimal("100"), (Decimal{100, 0}));
  EXPECT_EQ(parse_decimal("-0.00"), (Decimal{0, 0}));
  EXPECT_EQ(parse_decimal("1.5e3"), (Decimal{1500, 0}));
}

TEST(AppendDecimal, WritesNoMoreDigitsThanNeeded) {
  EXPECT_EQ(decimal(10000, Currency::kUsd), "100");
  EXPECT_EQ(decimal(150, Currency::kUsd), "1.5");
  EXPECT_EQ(decimal(124, Currency::kUsd), "1.24");
  EXPECT_EQ(decimal(-1, Currency::kUsd), "-0.01");
  EXPECT_EQ(decimal(0, Currency::kUsd), "0");
  EXPECT_EQ(decimal(0, Currency::kJpy), "0");
  EXPECT_EQ(decimal(100, Currency::kJpy), "100");
  EXPECT_EQ(decimal(1, Currency::kBtc), "0.00000001");
  EXPECT_EQ(decimal(100'000'000, Currency::kBtc), "1");
}

TEST(AppendFixed, WritesAllDecimalsOfTheCurrency) {
  EXPECT_EQ(fixed(15100, Currency::kUsd), "151.00");
  EXPECT_EQ(fixed(0, Currency::kUsd), "0.00");
  EXPECT_EQ(fixed(-5, Currency::kUsd), "-0.05");
  EXPECT_EQ(fixed(15100, Currency::kJpy), "15100");
  EXPECT_EQ(fixed(1500, Currency::kKwd), "1.500");
  EXPECT_EQ(fixed(std::numeric_limits<int64_t>::min(), Currency::kUsd), "-92233720368547758.08");
}

TEST(Money, WhatIsWrittenReadsBackTheSame) {
  SeededRandom random(7);
  for (int i = 0; i < 20'000; ++i) {
    Currency currency = kAll[random.below(std::size(kAll))];
    int64_t bound = 1;
    for (uint64_t digits = random.below(15) + 1; digits > 0; --digits) bound *= 10;
    int64_t minor = static_cast<int64_t>(random.below(static_cast<uint64_t>(bound)));
    if (random.below(2) == 1) minor = -minor;
    EXPECT_EQ(parse_minor(decimal(minor, currency), currency), minor);
    EXPECT_EQ(parse_minor(fixed(minor, currency), currency), minor);
  }
}

TEST(CheckedSums, SayWhenTheyLeaveTheRange) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(checked_add(kMax - 1, 1), kMax);
  EXPECT_EQ(checked_add(kMax, 1), std::nullopt);
  EXPECT_EQ(checked_sub(-kMax, 1), -kMax - 1);
  EXPECT_EQ(checked_sub(-kMax, 2), std::nullopt);
}

}  // namespace
}  // namespace ducat
