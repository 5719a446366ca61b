// Money: integer minor units of a currency, and the way between them and the digits people and JSON write.
// Nothing here rounds and nothing here is floating point: an amount that does not fit its currency is
// refused.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace ducat {

// A currency. The value is stored in journals, so it never changes: the ISO 4217 numeric code, or a number of
// ours from 1001 on for the assets ISO does not list. kNone is no currency; only the table's values are
// others.
enum class Currency : uint16_t {
  kNone = 0,
  kJpy = 392,
  kKwd = 414,
  kVnd = 704,
  kGbp = 826,
  kUsd = 840,
  kEur = 978,
  kClf = 990,
  kBtc = 1001,
  kEth = 1002,
  kUsdc = 1003,
  kUsdt = 1004,
  kLtc = 1005,
  kBch = 1006,
};

// "USD" in upper case, as ISO writes it; nothing for anything else.
std::optional<Currency> parse_currency(std::string_view code);
// Whether the number is one of the table's (a stored number from a newer version may not be).
bool is_currency(uint32_t number);
// "USD"; "" for kNone.
std::string_view code_of(Currency currency);
// Decimals of the minor unit: 0 for JPY, 2 for USD, 8 for BTC. 0 for kNone.
int exponent_of(Currency currency);

// An amount of one currency; `minor` counts its smallest unit (cents).
struct Money {
  int64_t minor = 0;
  Currency currency = Currency::kNone;
  bool operator==(const Money&) const = default;
};

// The largest amount, balance or limit in minor units, either sign: 18 digits. Every amount of 15 digits fits
// in currencies of up to three decimals, and the sum of any eight fits int64.
inline constexpr int64_t kMaxMinor = 999'999'999'999'999'999;
// Digits an amount may have in all: what a reader that keeps numbers as doubles still sees exactly.
inline constexpr int kMaxAmountDigits = 15;

enum class AmountError : uint8_t {
  kNotANumber,     // not a JSON number
  kTooPrecise,     // more decimals than the currency has
  kTooManyDigits,  // more than kMaxAmountDigits
  kOutOfRange,     // beyond kMaxMinor in this currency
};

// A number as it was written, exact, before its currency is known: significand / 10^scale.
struct Decimal {
  int64_t significand = 0;
  int scale = 0;  // 0…8
  bool operator==(const Decimal&) const = default;
};

// Reads a number in JSON's grammar ("100", "-1.24", "1e2"), so that a number and a decimal string mean the
// same. What counts is the value, not how it is written: leading zeros of a fraction and trailing decimal
// zeros are no digits, so 1.500 is 1.5 and nothing is lost. More decimals than any currency has are
// kTooPrecise at once.
std::expected<Decimal, AmountError> parse_decimal(std::string_view digits);

// The same amount in minor units; kTooPrecise and kOutOfRange are the errors.
std::expected<int64_t, AmountError> to_minor(Decimal amount, Currency currency);

// Both at once. "1.24" USD is 124; 1.240 USD too (nothing is lost); 1.245 USD is kTooPrecise; "1e2" USD is
// 10000.
std::expected<int64_t, AmountError> parse_minor(std::string_view digits, Currency currency);

// The number with no more digits than it needs: 10000 → "100", 150 → "1.5", -124 → "-1.24" (USD).
void append_decimal(std::string& out, int64_t minor, Currency currency);
// The number with all the currency's decimals, as messages show it: 15100 → "151.00" (USD).
void append_fixed(std::string& out, int64_t minor, Currency currency);

// Sums that say when they leave int64 instead of wrapping.
inline std::optional<int64_t> checked_add(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}
inline std::optional<int64_t> checked_sub(int64_t a, int64_t b) {
  int64_t difference = 0;
  if (__builtin_sub_overflow(a, b, &difference)) return std::nullopt;
  return difference;
}

}  // namespace ducat
