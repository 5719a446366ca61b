// See decimal.h.
#include "platform/rpc/decimal.h"

#include <algorithm>

namespace ducat::rpc {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view take_digits(std::string_view& text) {
  size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

// Reads "e+12" from the front; nothing if digits are missing.
std::optional<int> take_exponent(std::string_view& text) {
  text.remove_prefix(1);
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::string_view digits = take_digits(text);
  if (digits.empty()) return std::nullopt;
  int value = 0;
  for (char c : digits) value = std::min(value * 10 + (c - '0'), 1000);
  return negative ? -value : value;
}

bool only_zeros(std::string_view digits) {
  return digits.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

std::optional<Decimal> parse_decimal(std::string_view text) {
  Decimal number;
  number.negative = text.starts_with('-');
  if (number.negative) text.remove_prefix(1);
  number.integer = take_digits(text);
  if (number.integer.empty() || (number.integer.size() > 1 && number.integer[0] == '0')) return std::nullopt;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    number.fraction = take_digits(text);
    if (number.fraction.empty()) return std::nullopt;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    std::optional<int> exponent = take_exponent(text);
    if (!exponent) return std::nullopt;
    number.exponent = *exponent;
  }
  if (!text.empty()) return std::nullopt;
  return number;
}

Sign Decimal::sign() const {
  if (only_zeros(integer) && only_zeros(fraction)) return Sign::kZero;
  return negative ? Sign::kNegative : Sign::kPositive;
}

bool Decimal::to_plain(std::string& out) const {
  out.clear();
  if (negative) out.push_back('-');
  size_t whole = integer == "0" ? 0 : integer.size();
  if (exponent == 0) {
    if (whole + fraction.size() > kMaxMoneyDigits) return false;
    out.append(integer);
    if (!fraction.empty()) out.append(1, '.').append(fraction);
    return true;
  }
  if (sign() == Sign::kZero) {
    out.push_back('0');
    return true;
  }
  // The digits without the zeros in front, and where the point falls among them once the exponent is applied.
  if (whole + fraction.size() > 64) return false;
  std::string digits(integer.substr(integer.size() - whole));
  digits.append(fraction);
  size_t zeros = digits.find_first_not_of('0');
  digits.erase(0, zeros);
  int point = static_cast<int>(whole) - static_cast<int>(zeros) + exponent;
  int size = static_cast<int>(digits.size());
  int needed = point <= 0 ? size - point : std::max(point, size);
  if (needed > static_cast<int>(kMaxMoneyDigits)) return false;
  if (point <= 0) {
    out.append("0.").append(static_cast<size_t>(-point), '0').append(digits);
  } else if (point >= size) {
    out.append(digits).append(static_cast<size_t>(point - size), '0');
  } else {
    out.append(digits, 0, static_cast<size_t>(point))
        .append(1, '.')
        .append(digits, static_cast<size_t>(point));
  }
  return true;
}

}  // namespace ducat::rpc
