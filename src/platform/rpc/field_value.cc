// The rules of contracts/ducat/options.proto for single values, and their messages.
#include "platform/rpc/field_value.h"

#include <google/protobuf/message.h>

#include <algorithm>
#include <charconv>

#include "base/time.h"
#include "base/uuid.h"

namespace ducat::rpc {
namespace {

using google::protobuf::Message;

constexpr std::string_view kNotANumber = "must be a number conforming to the specified constraints";
constexpr std::string_view kNotPositive = "must be a positive number";
constexpr std::string_view kNegative = "must not be less than 0";
constexpr std::string_view kNotAnInteger = "must be an integer number";
constexpr std::string_view kNotADate = "must be a valid ISO 8601 date string";

void put(const FieldPlan& field, std::string value, Message& into) {
  if (field.repeated) {
    field.reflection->AddString(&into, field.field, std::move(value));
  } else {
    field.reflection->SetString(&into, field.field, std::move(value));
  }
}

void put(const FieldPlan& field, int64_t value, Message& into) {
  if (field.kind == Kind::kEnum) {
    auto number = static_cast<int>(value);
    if (field.repeated) {
      field.reflection->AddEnumValue(&into, field.field, number);
    } else {
      field.reflection->SetEnumValue(&into, field.field, number);
    }
  } else if (field.kind == Kind::kTime || field.wide) {
    if (field.repeated) {
      field.reflection->AddInt64(&into, field.field, value);
    } else {
      field.reflection->SetInt64(&into, field.field, value);
    }
  } else if (field.repeated) {
    field.reflection->AddInt32(&into, field.field, static_cast<int32_t>(value));
  } else {
    field.reflection->SetInt32(&into, field.field, static_cast<int32_t>(value));
  }
}

size_t code_points(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// A deliberately loose form: something, one @, a domain with a dot, no spaces; the mail server knows the
// rest.
bool looks_like_email(std::string_view text) {
  size_t at = text.find('@');
  if (at == 0 || at == std::string_view::npos || text.size() > 254) return false;
  std::string_view domain = text.substr(at + 1);
  size_t dot = domain.find('.');
  return domain.find('@') == std::string_view::npos && dot != 0 && dot != std::string_view::npos &&
         domain.back() != '.' && text.find_first_of(" \t\r\n") == std::string_view::npos;
}

std::string one_of_message(const FieldPlan& field) {
  std::string message = "must be one of the following values: ";
  bool first = true;
  auto add = [&](std::string_view text) {
    if (!std::exchange(first, false)) message.append(", ");
    message.append(text);
  };
  for (const std::string& text : field.one_of) add(text);
  for (const EnumText& value : field.enum_texts) add(value.text);
  return message;
}

std::string at_least(int64_t bound) {
  return "must not be less than " + std::to_string(bound);
}
std::string at_most(int64_t bound) {
  return "must not be greater than " + std::to_string(bound);
}

bool check_length(const FieldPlan& field, std::string_view text, const Place& place, Violations& violations) {
  if (!field.min_length && !field.max_length) return true;
  if (text.empty() && field.min_length) {
    violations.add(place, "should not be empty", "string_too_short");
    return false;
  }
  // Bytes bound code points from above and, times four, from below: most texts need no counting.
  if (text.size() <= field.max_length && text.size() >= size_t{4} * field.min_length) return true;
  size_t length = code_points(text);
  if (length < field.min_length) {
    std::string bound = std::to_string(field.min_length);
    violations.add(place, "must be longer than or equal to " + bound + " characters", "string_too_short");
    return false;
  }
  if (field.max_length && length > field.max_length) {
    std::string bound = std::to_string(field.max_length);
    violations.add(place, "must be shorter than or equal to " + bound + " characters", "string_too_long");
    return false;
  }
  return true;
}

bool check_form(const FieldPlan& field, std::string_view text, const Place& place, Violations& violations) {
  if (text.find('\0') != std::string_view::npos) {
    violations.add(place, "must not contain null characters");
    return false;
  }
  if (!field.one_of.empty() &&
      std::find(field.one_of.begin(), field.one_of.end(), text) == field.one_of.end()) {
    violations.add(place, one_of_message(field), "enum");
    return false;
  }
  switch (field.format) {
    case TextFormat::kAny:
      return true;
    case TextFormat::kUuid:
      if (Uuid::parse(text)) return true;
      violations.add(place, "must be a UUID", "uuid_parsing");
      return false;
    case TextFormat::kDateTime:
      if (parse_iso8601(text)) return true;
      violations.add(place, kNotADate, "datetime_parsing");
      return false;
    case TextFormat::kEmail:
      if (looks_like_email(text)) return true;
      violations.add(place, "must be an email");
      return false;
  }
  return true;
}

void store_plain_text(const FieldPlan& field, std::string_view text, const Place& place, Message& into,
                      Violations& violations) {
  // Both: a text may be too long and of the wrong form at once.
  bool length_ok = check_length(field, text, place, violations);
  if (check_form(field, text, place, violations) && length_ok) put(field, std::string(text), into);
}

void store_money(const FieldPlan& field, const Decimal& number, const Place& place, Message& into,
                 Violations& violations) {
  Sign sign = number.sign();
  if (field.positive && sign != Sign::kPositive) return violations.add(place, kNotPositive, "greater_than");
  if (field.min && sign == Sign::kNegative) return violations.add(place, kNegative, "greater_than_equal");
  std::string digits;
  if (!number.to_plain(digits)) return violations.add(place, kNotANumber, "decimal_max_digits");
  put(field, std::move(digits), into);
}

std::optional<int64_t> exact_integer(const Decimal& number) {
  std::string digits;
  if (number.exponent == 0) {
    if (number.fraction.find_first_not_of('0') != std::string_view::npos) return std::nullopt;
    if (number.negative) digits.push_back('-');
    digits.append(number.integer);
  } else if (!number.to_plain(digits) || digits.find('.') != std::string::npos) {
    return std::nullopt;
  }
  int64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

void store_integer(const FieldPlan& field, const Decimal& number, const Place& place, Message& into,
                   Violations& violations) {
  std::optional<int64_t> value = exact_integer(number);
  if (value && !field.wide && *value != static_cast<int32_t>(*value)) {
    int64_t bound = *value < 0 ? INT32_MIN : INT32_MAX;
    if (*value < 0) return violations.add(place, at_least(field.min.value_or(bound)), "greater_than_equal");
    return violations.add(place, at_most(field.max.value_or(bound)), "less_than_equal");
  }
  if (!value) return violations.add(place, kNotAnInteger, "int_parsing");
  if (field.positive && *value <= 0) return violations.add(place, kNotPositive, "greater_than");
  if (field.min && *value < *field.min)
    return violations.add(place, at_least(*field.min), "greater_than_equal");
  if (field.max && *value > *field.max) return violations.add(place, at_most(*field.max), "less_than_equal");
  put(field, *value, into);
}

void store_enum(const FieldPlan& field, std::string_view text, const Place& place, Message& into,
                Violations& violations) {
  for (const EnumText& value : field.enum_texts) {
    if (value.text == text) return put(field, int64_t{value.number}, into);
  }
  violations.add(place, one_of_message(field), "enum");
}

}  // namespace

void store_text(const FieldPlan& field, std::string_view text, const Place& place, Message& into,
                Violations& violations) {
  switch (field.kind) {
    case Kind::kText:
      return store_plain_text(field, text, place, into, violations);
    case Kind::kEnum:
      return store_enum(field, text, place, into, violations);
    case Kind::kTime:
      if (auto time = parse_iso8601(text)) return put(field, time->micros, into);
      return violations.add(place, kNotADate, "datetime_parsing");
    case Kind::kMoney:
      // A decimal string has no exponent.
      if (auto number = parse_decimal(text); number && text.find_first_of("eE") == std::string_view::npos) {
        return store_money(field, *number, place, into, violations);
      }
      break;
    default:
      break;
  }
  report_wrong_type(field, place, false, violations);
}

void store_number(const FieldPlan& field, const Decimal& number, const Place& place, Message& into,
                  Violations& violations) {
  if (field.kind == Kind::kMoney) return store_money(field, number, place, into, violations);
  if (field.kind == Kind::kInteger) return store_integer(field, number, place, into, violations);
  report_wrong_type(field, place, false, violations);
}

void store_boolean(const FieldPlan& field, bool value, Message& into) {
  if (field.repeated) {
    field.reflection->AddBool(&into, field.field, value);
  } else {
    field.reflection->SetBool(&into, field.field, value);
  }
}

void store_raw_json(const FieldPlan& field, std::string_view json, const Place& place, Message& into,
                    Violations& violations) {
  if (field.max_length && json.size() > field.max_length) {
    std::string bound = std::to_string(field.max_length);
    return violations.add(place, "must be shorter than or equal to " + bound + " bytes", "string_too_long");
  }
  put(field, std::string(json), into);
}

void store_parameter(const FieldPlan& field, std::string_view text, const Place& place, Message& into,
                     Violations& violations) {
  switch (field.kind) {
    case Kind::kInteger:
      if (auto number = parse_decimal(text); number && text.find_first_of(".eE") == std::string_view::npos)
        return store_integer(field, *number, place, into, violations);
      return report_wrong_type(field, place, false, violations);
    case Kind::kBoolean:
      if (text == "true" || text == "1") return store_boolean(field, true, into);
      if (text == "false" || text == "0") return store_boolean(field, false, into);
      return report_wrong_type(field, place, false, violations);
    default:
      return store_text(field, text, place, into, violations);
  }
}

void report_wrong_type(const FieldPlan& field, const Place& place, bool missing, Violations& violations) {
  auto add = [&](std::string_view what) { violations.add(place, what, missing ? "missing" : "type_error"); };
  // The container's own type: an element's place ends in its index.
  if (field.repeated && place.index < 0) return add("must be an array");
  switch (field.kind) {
    case Kind::kText:
      if (missing && field.min_length) add("should not be empty");
      if (!field.one_of.empty()) return add(one_of_message(field));
      if (field.format == TextFormat::kUuid) return add("must be a UUID");
      if (field.format == TextFormat::kDateTime) return add(kNotADate);
      if (field.format == TextFormat::kEmail) return add("must be an email");
      return add("must be a string");
    case Kind::kMoney:
      if (field.positive) add(kNotPositive);
      if (field.min) add(kNegative);
      return add(kNotANumber);
    case Kind::kInteger:
      return add(kNotAnInteger);
    case Kind::kBoolean:
      return add("must be a boolean value");
    case Kind::kTime:
      return add(kNotADate);
    case Kind::kEnum:
      return add(one_of_message(field));
    case Kind::kRawJson:
    case Kind::kMessage:
      return add("must be an object");
  }
}

}  // namespace ducat::rpc
