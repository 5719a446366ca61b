// ISO 8601 without locale, allocation or the C library's time zone. Civil calendar: H. Hinnant,
// "chrono-Compatible Low-Level Date Algorithms".
#include "base/time.h"

#include <cstdio>

namespace ducat {
namespace {

constexpr int64_t kDay = 86'400'000'000;
constexpr int64_t kYear10000 = 253'402'300'800'000'000;

struct Civil {
  int64_t year;
  unsigned month, day;
};

Civil civil_from_days(int64_t days) {
  days += 719468;
  int64_t era = days / 146097;
  auto doe = static_cast<unsigned>(days - era * 146097);
  unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  unsigned mp = (5 * doy + 2) / 153;
  unsigned month = mp < 10 ? mp + 3 : mp - 9;
  return {static_cast<int64_t>(yoe) + era * 400 + (month <= 2), month, doy - (153 * mp + 2) / 5 + 1};
}

int64_t days_from_civil(int64_t year, unsigned month, unsigned day) {
  year -= month <= 2;
  int64_t era = year / 400;
  auto yoe = static_cast<unsigned>(year - era * 400);
  unsigned doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + static_cast<int64_t>(doe) - 719468;
}

void put_digits(char*& at, int64_t value, int width) {
  for (int i = width - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
  at += width;
}

// Reads digits from the front of a text; a missing one spoils it for good.
struct Scanner {
  std::string_view text;
  bool ok = true;

  bool eat(char c) {
    if (text.empty() || text[0] != c) return false;
    text.remove_prefix(1);
    return true;
  }
  unsigned digits(int count) {
    unsigned value = 0;
    for (int i = 0; i < count; ++i) {
      if (text.empty() || text[0] < '0' || text[0] > '9') return ok = false, 0;
      value = value * 10 + static_cast<unsigned>(text[0] - '0');
      text.remove_prefix(1);
    }
    return value;
  }
  // Fraction of a second in microseconds: one to nine digits.
  int64_t fraction() {
    int64_t micros = 0;
    int seen = 0;
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++seen) {
      if (seen < 6) micros = micros * 10 + (text[0] - '0');
    }
    ok = ok && seen >= 1 && seen <= 9;
    for (int i = seen; i < 6; ++i) micros *= 10;
    return micros;
  }
};

unsigned days_in_month(unsigned year, unsigned month) {
  constexpr unsigned kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

}  // namespace

void append_iso8601(std::string& out, Timestamp time) {
  char text[24];
  char* at = text;
  Civil date = civil_from_days(time.micros / kDay);
  int64_t rest = time.micros % kDay / 1000;
  put_digits(at, date.year, 4);
  *at++ = '-';
  put_digits(at, date.month, 2);
  *at++ = '-';
  put_digits(at, date.day, 2);
  *at++ = 'T';
  put_digits(at, rest / 3'600'000, 2);
  *at++ = ':';
  put_digits(at, rest / 60'000 % 60, 2);
  *at++ = ':';
  put_digits(at, rest / 1000 % 60, 2);
  *at++ = '.';
  put_digits(at, rest % 1000, 3);
  *at++ = 'Z';
  out.append(text, sizeof(text));
}

std::string to_iso8601(Timestamp time) {
  std::string out;
  append_iso8601(out, time);
  return out;
}

std::optional<Timestamp> parse_iso8601(std::string_view text) {
  Scanner in{text};
  unsigned year = in.digits(4);
  in.ok = in.eat('-') && in.ok;
  unsigned month = in.digits(2);
  in.ok = in.eat('-') && in.ok;
  unsigned day = in.digits(2);
  if (!in.ok || year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
    return std::nullopt;
  int64_t micros = days_from_civil(year, month, day) * kDay;
  if (in.text.empty()) return Timestamp{micros};

  if (!in.eat('T') && !in.eat('t') && !in.eat(' ')) return std::nullopt;
  unsigned hour = in.digits(2);
  in.ok = in.eat(':') && in.ok;
  unsigned minute = in.digits(2);
  unsigned second = 0;
  if (in.eat(':')) {
    second = in.digits(2);
    if (in.eat('.')) micros += in.fraction();
  }
  if (!in.ok || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  micros += (static_cast<int64_t>(hour) * 3600 + minute * 60 + second) * 1'000'000;

  if (!in.eat('Z') && !in.eat('z') && !in.text.empty()) {
    bool west = in.text[0] == '-';
    if (!in.eat('+') && !in.eat('-')) return std::nullopt;
    unsigned zone_hour = in.digits(2);
    in.eat(':');
    unsigned zone_minute = in.digits(2);
    if (!in.ok || zone_hour > 14 || zone_minute > 59) return std::nullopt;
    int64_t offset = (static_cast<int64_t>(zone_hour) * 60 + zone_minute) * 60'000'000;
    micros += west ? offset : -offset;
  }
  if (!in.text.empty() || micros < 0 || micros >= kYear10000) return std::nullopt;
  return Timestamp{micros};
}

}  // namespace ducat
