// See json_reader.h. simdjson checks lazily what is skipped, which is safe here: what is skipped is an
// unknown field or a value of a wrong type, so the answer is 400 either way. What it leaves to its user (that
// a scalar is exactly one scalar, that nothing follows the object) is checked below.
#include "platform/rpc/json_reader.h"

#include <google/protobuf/message.h>
#include <simdjson.h>

#include "platform/rpc/field_value.h"

namespace ducat::rpc {
namespace {

using google::protobuf::Message;
namespace json = simdjson::ondemand;

constexpr std::string_view kMalformed = "Request body is not valid JSON";
constexpr std::string_view kNotAnObject = "Request body must be a JSON object";
constexpr std::string_view kRepeatedKey = "Request body has a property more than once in one object";
constexpr std::string_view kTooDeep = "Request body is nested too deeply";
constexpr std::string_view kWellFormed = {};

// What a thread keeps between bodies.
struct Scratch {
  json::parser parser;
  simdjson::dom::parser checker;  // of free-form objects
  std::string padded;
};

Scratch& scratch() {
  thread_local Scratch mine;
  return mine;
}

bool blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::string_view trimmed(std::string_view token) {
  while (!token.empty() && std::string_view(" \t\r\n").find(token.back()) != std::string_view::npos)
    token.remove_suffix(1);
  return token;
}

// One body's reading. Functions return false once the text is malformed; `problem` then says how.
class Reading {
 public:
  explicit Reading(Violations& violations) : violations_(violations) {}

  bool object(json::object object, const MessagePlan& plan, const Place& place, int depth, Message& into);
  std::string_view problem() const { return problem_; }

 private:
  bool fail(std::string_view problem) { return problem_ = problem, false; }
  const FieldPlan* find(const MessagePlan& plan, simdjson::ondemand::raw_json_string key, size_t& next) const;
  bool member(json::field& member, const MessagePlan& plan, const Place& place, int depth, uint64_t& seen,
              size_t& next, Message& into);
  bool array(const FieldPlan& field, json::value& value, const Place& place, int depth, Message& into);
  bool value(const FieldPlan& field, json::value& value, std::string_view token, const Place& place,
             int depth, Message& into);
  bool nested(const FieldPlan& field, json::value& value, const Place& place, int depth, Message& into);
  bool raw_json(const FieldPlan& field, json::value& value, const Place& place, Message& into);
  bool text(const FieldPlan& field, json::value& value, std::string_view token, const Place& place,
            Message& into);
  bool scalar(const FieldPlan& field, std::string_view token, const Place& place, Message& into);

  Violations& violations_;
  std::string_view problem_;
};

// Finds a key by its raw text, beginning with the field after the last one: bodies mostly keep the contract's
// order.
const FieldPlan* Reading::find(const MessagePlan& plan, json::raw_json_string key, size_t& next) const {
  const size_t count = plan.fields.size();
  for (size_t tried = 0; tried < count; ++tried) {
    size_t at = next + tried < count ? next + tried : next + tried - count;
    if (!key.unsafe_is_equal(plan.fields[at].name)) continue;
    next = at + 1;
    return &plan.fields[at];
  }
  return nullptr;
}

bool Reading::object(json::object object, const MessagePlan& plan, const Place& place, int depth,
                     Message& into) {
  if (depth > kMaxJsonDepth) return fail(kTooDeep);
  uint64_t seen = 0;
  size_t next = 0;
  for (auto item : object) {
    json::field field;
    if (std::move(item).get(field)) return fail(kMalformed);
    if (!member(field, plan, place, depth, seen, next, into)) return false;
  }
  finish_object(plan, seen, place, into, violations_);
  return true;
}

bool Reading::member(json::field& member, const MessagePlan& plan, const Place& place, int depth,
                     uint64_t& seen, size_t& next, Message& into) {
  const FieldPlan* field = find(plan, member.key(), next);
  if (!field) {
    std::string_view name;
    if (member.unescaped_key().get(name)) return fail(kMalformed);
    // The name may have been written with escapes.
    for (const FieldPlan& candidate : plan.fields) {
      if (candidate.name == name) field = &candidate;
    }
    if (!field) {
      violations_.add_unknown(place, name);
      return true;  // iteration skips the value
    }
  }
  const uint64_t bit = uint64_t{1} << (field - plan.fields.data());
  if (seen & bit) return fail(kRepeatedKey);

  json::value value = member.value();
  std::string_view token = trimmed(value.raw_json_token());
  if (token.starts_with('n')) {
    if (token != "null") return fail(kMalformed);
    // null is "absent", except that a nullable field is thereby given.
    if (!field->nullable) return true;
    seen |= bit;
    if (plan.nulls != nullptr) plan.reflection->AddString(&into, plan.nulls, field->name);
    return true;
  }
  seen |= bit;
  Place here{.up = &place, .name = field->name};
  if (field->repeated) return array(*field, value, here, depth + 1, into);
  return this->value(*field, value, token, here, depth, into);
}

bool Reading::array(const FieldPlan& field, json::value& value, const Place& place, int depth,
                    Message& into) {
  std::string_view token = trimmed(value.raw_json_token());
  if (!token.starts_with('[')) return scalar(field, token, place, into);
  if (depth > kMaxJsonDepth) return fail(kTooDeep);
  json::array elements;
  if (value.get_array().get(elements)) return fail(kMalformed);
  int64_t count = 0;
  for (auto item : elements) {
    json::value element;
    if (std::move(item).get(element)) return fail(kMalformed);
    Place here{.up = &place, .name = {}, .index = count++};
    if (field.max_items && count > field.max_items) continue;  // counted, not kept
    if (!this->value(field, element, trimmed(element.raw_json_token()), here, depth, into)) return false;
  }
  if (field.min_items && count < field.min_items) {
    violations_.add(place, "must contain at least " + std::to_string(field.min_items) + " elements",
                    "too_short");
  }
  if (field.max_items && count > field.max_items) {
    violations_.add(place, "must contain no more than " + std::to_string(field.max_items) + " elements",
                    "too_long");
  }
  return true;
}

bool Reading::value(const FieldPlan& field, json::value& value, std::string_view token, const Place& place,
                    int depth, Message& into) {
  switch (token.empty() ? '\0' : token.front()) {
    case '"':
      return text(field, value, token, place, into);
    case '{':
      if (field.kind == Kind::kMessage) return nested(field, value, place, depth, into);
      if (field.kind == Kind::kRawJson) return raw_json(field, value, place, into);
      break;
    case '[':
      break;
    default:
      return scalar(field, token, place, into);
  }
  report_wrong_type(field, place, false, violations_);
  return true;
}

bool Reading::nested(const FieldPlan& field, json::value& value, const Place& place, int depth,
                     Message& into) {
  json::object inner;
  if (value.get_object().get(inner)) return fail(kMalformed);
  Message* message = field.repeated ? field.reflection->AddMessage(&into, field.field)
                                    : field.reflection->MutableMessage(&into, field.field);
  return object(inner, *field.message, place, depth + 1, *message);
}

bool Reading::raw_json(const FieldPlan& field, json::value& value, const Place& place, Message& into) {
  json::object inner;
  std::string_view text;
  if (value.get_object().get(inner) || inner.raw_json().get(text)) return fail(kMalformed);
  text = trimmed(text);
  simdjson::dom::parser& checker = scratch().checker;
  if (checker.allocate(text.size(), kMaxJsonDepth)) return fail(kMalformed);
  auto checked = checker.parse(text.data(), text.size(), true);
  if (checked.error() == simdjson::DEPTH_ERROR) return fail(kTooDeep);
  if (checked.error()) return fail(kMalformed);
  store_raw_json(field, text, place, into, violations_);
  return true;
}

bool Reading::text(const FieldPlan& field, json::value& value, std::string_view token, const Place& place,
                   Message& into) {
  // The token reaches to the next structural character, so it ends in the closing quote. Without a backslash
  // it is the text as it stands; the value is consumed all the same, which moves the parser behind exactly
  // one string.
  std::string_view text;
  if (token.size() >= 2 && token.back() == '"' && token.find('\\') == std::string_view::npos) {
    text = token.substr(1, token.size() - 2);
    if (value.get_raw_json_string().error()) return fail(kMalformed);
  } else if (value.get_string().get(text)) {
    return fail(kMalformed);
  }
  store_text(field, text, place, into, violations_);
  return true;
}

// A number, true, false or null, or something that is none of these.
bool Reading::scalar(const FieldPlan& field, std::string_view token, const Place& place, Message& into) {
  const bool element_or_single = !field.repeated || place.index >= 0;
  if (token == "true" || token == "false") {
    if (field.kind == Kind::kBoolean && element_or_single) {
      store_boolean(field, token == "true", into);
      return true;
    }
  } else if (token != "null" && !token.starts_with('"') && !token.starts_with('{')) {
    auto number = parse_decimal(token);
    if (!number) return fail(kMalformed);
    if (element_or_single) {
      store_number(field, *number, place, into, violations_);
      return true;
    }
  }
  report_wrong_type(field, place, false, violations_);
  return true;
}

// Whether the required_when of `field` holds for this object.
bool condition_holds(const MessagePlan& plan, const FieldPlan& field, const Message& object) {
  std::string buffer;
  const FieldPlan& other = plan.fields[static_cast<size_t>(field.when_field)];
  const std::string& value = other.reflection->GetStringReference(object, other.field, &buffer);
  return std::find(field.when_values.begin(), field.when_values.end(), value) != field.when_values.end();
}

}  // namespace

void finish_object(const MessagePlan& plan, uint64_t seen, const Place& place, Message& into,
                   Violations& violations) {
  if (!plan.conditions && !plan.defaults && (plan.required & ~seen) == 0) return;
  for (size_t i = 0; i < plan.fields.size(); ++i) {
    if (seen >> i & 1) continue;
    const FieldPlan& field = plan.fields[i];
    Place here{.up = &place, .name = field.name};
    if (field.required || (field.when_field >= 0 && condition_holds(plan, field, into))) {
      report_wrong_type(field, here, true, violations);
    } else if (!field.default_value.empty()) {
      store_parameter(field, field.default_value, here, into, violations);
    }
  }
}

std::string_view read_json(std::string_view body, const MessagePlan& plan, Message& into,
                           Violations& violations) {
  if (blank(body)) {
    finish_object(plan, 0, Place{}, into, violations);
    return kWellFormed;
  }
  Scratch& mine = scratch();
  mine.padded.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  mine.padded.assign(body);

  json::document document;
  if (mine.parser.iterate(mine.padded.data(), body.size(), mine.padded.capacity() + 1).get(document))
    return kMalformed;
  json::object root;
  simdjson::error_code error = document.get_object().get(root);
  if (error == simdjson::INCORRECT_TYPE) return kNotAnObject;
  if (error) return kMalformed;
  Reading reading(violations);
  if (!reading.object(root, plan, Place{}, 1, into)) return reading.problem();
  // The object must have been the whole text.
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) return kMalformed;
  return kWellFormed;
}

}  // namespace ducat::rpc
