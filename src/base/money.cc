#include "base/money.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/currencies.h"

namespace ducat {
namespace {

constexpr int kMaxExponent = 8;
constexpr std::array<int64_t, 19> kPowersOfTen = [] {
  std::array<int64_t, 19> powers{};
  int64_t power = 1;
  for (size_t i = 0; i < powers.size(); ++i) {
    powers[i] = power;
    if (i + 1 < powers.size()) power *= 10;
  }
  return powers;
}();

// Row of each currency number, plus one; 0 where there is none. The numbers are small, so a look-up is one
// load.
constexpr auto kRowOf = [] {
  std::array<uint8_t, 1024> rows{};
  for (size_t i = 0; i < std::size(kCurrencies); ++i)
    rows[kCurrencies[i].number] = static_cast<uint8_t>(i + 1);
  return rows;
}();
static_assert(std::size(kCurrencies) < 255);
static_assert([] {
  for (const CurrencyRow& row : kCurrencies) {
    if (row.exponent > kMaxExponent || kRowOf[row.number] == 0) return false;
    if (kCurrencies[kRowOf[row.number] - 1].code != row.code) return false;  // a number given twice
  }
  return true;
}());

// The codes as numbers, sorted: a look-up is a binary search of integers.
struct CodeKey {
  uint32_t code;
  uint16_t number;
};
constexpr uint32_t pack_code(std::string_view code) {
  uint32_t packed = 0;
  for (char c : code) packed = packed << 8 | static_cast<unsigned char>(c);
  return packed;
}
constexpr auto kByCode = [] {
  std::array<CodeKey, std::size(kCurrencies)> keys{};
  for (size_t i = 0; i < keys.size(); ++i) keys[i] = {pack_code(kCurrencies[i].code), kCurrencies[i].number};
  std::ranges::sort(keys, {}, &CodeKey::code);
  return keys;
}();

const CurrencyRow* find_row(uint32_t number) {
  if (number >= kRowOf.size() || kRowOf[number] == 0) return nullptr;
  return &kCurrencies[kRowOf[number] - 1];
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Gathers the significant digits of a number: zeros wait until a digit after them shows that they count.
class Significand {
 public:
  void digit(char c, bool in_fraction) {
    decimals_ += in_fraction ? 1 : 0;
    if (c == '0') {
      ++zeros_;
      whole_zeros_ += in_fraction ? 0 : 1;
      return;
    }
    int64_t shift = started_ ? zeros_ + 1 : 1;
    started_ = true;
    count_ = std::min<int64_t>(count_ + shift, kMaxAmountDigits + 1);
    if (count_ <= kMaxAmountDigits) value_ = value_ * kPowersOfTen[static_cast<size_t>(shift)] + (c - '0');
    zeros_ = whole_zeros_ = 0;
    used_decimals_ = decimals_;
  }
  int64_t value() const { return value_; }
  int64_t count() const { return count_; }
  bool is_zero() const { return !started_; }
  // The power of ten that `value` is to be multiplied with, as far as the digits say.
  int64_t power() const { return whole_zeros_ - used_decimals_; }

 private:
  int64_t value_ = 0;
  int64_t count_ = 0;          // digits in value_, at most one more than allowed
  int64_t zeros_ = 0;          // zeros since the last other digit …
  int64_t whole_zeros_ = 0;    // … and how many of them stood before the point
  int64_t decimals_ = 0;       // digits after the point so far …
  int64_t used_decimals_ = 0;  // … and as of the last digit that is not zero
  bool started_ = false;
};

// "e+12" from `at` on. Cut at ±10000, which is as far beyond every amount as the number itself. False if
// malformed.
bool read_exponent(std::string_view text, size_t& at, int64_t& power) {
  if (at == text.size() || (text[at] != 'e' && text[at] != 'E')) return true;
  ++at;
  bool negative = at < text.size() && text[at] == '-';
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
  size_t first = at;
  int64_t value = 0;
  for (; at < text.size() && is_digit(text[at]); ++at)
    value = std::min<int64_t>(value * 10 + (text[at] - '0'), 10'000);
  power += negative ? -value : value;
  return at > first;
}

// Writes `minor` with at least `least_decimals` decimals and at most the currency's.
void append_number(std::string& out, int64_t minor, int exponent, int least_decimals) {
  uint64_t rest = minor < 0 ? 0 - static_cast<uint64_t>(minor) : static_cast<uint64_t>(minor);
  int decimals = exponent;
  for (; decimals > least_decimals && rest % 10 == 0; --decimals) rest /= 10;
  char buffer[32];
  char* at = buffer + sizeof(buffer);
  for (int i = 0; i < decimals; ++i, rest /= 10) *--at = static_cast<char>('0' + rest % 10);
  if (decimals > 0) *--at = '.';
  do {
    *--at = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  if (minor < 0) *--at = '-';
  out.append(at, static_cast<size_t>(buffer + sizeof(buffer) - at));
}

}  // namespace

std::optional<Currency> parse_currency(std::string_view code) {
  if (code.size() < 3 || code.size() > 4) return std::nullopt;
  auto found = std::ranges::lower_bound(kByCode, pack_code(code), {}, &CodeKey::code);
  if (found == kByCode.end() || found->code != pack_code(code)) return std::nullopt;
  return static_cast<Currency>(found->number);
}

bool is_currency(uint32_t number) {
  return find_row(number) != nullptr;
}

std::string_view code_of(Currency currency) {
  const CurrencyRow* row = find_row(static_cast<uint32_t>(currency));
  return row == nullptr ? std::string_view() : row->code;
}

int exponent_of(Currency currency) {
  const CurrencyRow* row = find_row(static_cast<uint32_t>(currency));
  return row == nullptr ? 0 : row->exponent;
}

std::expected<Decimal, AmountError> parse_decimal(std::string_view text) {
  size_t at = 0;
  bool negative = !text.empty() && text[0] == '-';
  if (negative) ++at;
  Significand digits;
  size_t first = at;
  for (; at < text.size() && is_digit(text[at]); ++at) digits.digit(text[at], false);
  if (at == first || (text[first] == '0' && at - first > 1)) return std::unexpected(AmountError::kNotANumber);
  if (at < text.size() && text[at] == '.') {
    first = ++at;
    for (; at < text.size() && is_digit(text[at]); ++at) digits.digit(text[at], true);
    if (at == first) return std::unexpected(AmountError::kNotANumber);
  }
  int64_t power = digits.power();
  if (!read_exponent(text, at, power) || at != text.size()) return std::unexpected(AmountError::kNotANumber);

  if (digits.is_zero()) return Decimal{};
  if (-power > kMaxExponent) return std::unexpected(AmountError::kTooPrecise);
  int64_t trailing = std::max<int64_t>(power, 0);
  if (digits.count() + trailing > kMaxAmountDigits) return std::unexpected(AmountError::kTooManyDigits);
  int64_t value = digits.value() * kPowersOfTen[static_cast<size_t>(trailing)];
  return Decimal{negative ? -value : value, static_cast<int>(std::max<int64_t>(-power, 0))};
}

std::expected<int64_t, AmountError> to_minor(Decimal amount, Currency currency) {
  DUCAT_CHECK(amount.scale >= 0 && amount.scale <= kMaxExponent, "a decimal comes from parse_decimal");
  int shift = exponent_of(currency) - amount.scale;
  if (shift < 0) {
    int64_t divisor = kPowersOfTen[static_cast<size_t>(-shift)];
    if (amount.significand % divisor != 0) return std::unexpected(AmountError::kTooPrecise);
    return amount.significand / divisor;
  }
  int64_t minor = 0;
  if (__builtin_mul_overflow(amount.significand, kPowersOfTen[static_cast<size_t>(shift)], &minor) ||
      minor > kMaxMinor || minor < -kMaxMinor) {
    return std::unexpected(AmountError::kOutOfRange);
  }
  return minor;
}

std::expected<int64_t, AmountError> parse_minor(std::string_view digits, Currency currency) {
  auto decimal = parse_decimal(digits);
  if (!decimal) return std::unexpected(decimal.error());
  return to_minor(*decimal, currency);
}

void append_decimal(std::string& out, int64_t minor, Currency currency) {
  append_number(out, minor, exponent_of(currency), 0);
}

void append_fixed(std::string& out, int64_t minor, Currency currency) {
  int exponent = exponent_of(currency);
  append_number(out, minor, exponent, exponent);
}

}  // namespace ducat
