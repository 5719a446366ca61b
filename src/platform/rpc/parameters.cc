// See parameters.h.
#include "platform/rpc/parameters.h"

#include <google/protobuf/message.h>

#include "platform/rpc/field_value.h"
#include "platform/rpc/json_reader.h"
#include "platform/rpc/json_text.h"

namespace ducat::rpc {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Splits "name=value" off the front of the query.
struct Pair {
  std::string_view name, value;
};
Pair take_pair(std::string_view& query) {
  std::string_view pair = query.substr(0, query.find('&'));
  query.remove_prefix(std::min(query.size(), pair.size() + 1));
  size_t equals = pair.find('=');
  if (equals == std::string_view::npos) return {pair, {}};
  return {pair.substr(0, equals), pair.substr(equals + 1)};
}

const FieldPlan* find(const MessagePlan& plan, std::string_view name) {
  for (const FieldPlan& field : plan.fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

}  // namespace

bool percent_decode(std::string_view text, bool form, std::string& out) {
  out.clear();
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (text.size() - i < 3) return false;
      int high = hex_digit(text[i + 1]);
      int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high << 4 | low);
      i += 2;
    } else if (form && c == '+') {
      c = ' ';
    }
    if (c == '\0') return false;
    out.push_back(c);
  }
  return valid_utf8(out);
}

void read_query(std::string_view query, const MessagePlan& plan, google::protobuf::Message& into,
                Violations& violations) {
  uint64_t seen = 0;
  const Place root;
  std::string name;
  std::string value;
  while (!query.empty()) {
    Pair pair = take_pair(query);
    if (!percent_decode(pair.name, true, name)) continue;  // no field has such a name
    const FieldPlan* field = find(plan, name);
    if (!field) continue;
    const uint64_t bit = uint64_t{1} << (field - plan.fields.data());
    if ((seen & bit) && !field->repeated) continue;
    Place place{.up = &root, .name = field->name};
    if (!percent_decode(pair.value, true, value)) {
      violations.add(place, "must be valid percent-encoded UTF-8");
      seen |= bit;
      continue;
    }
    const bool chosen = field->kind == Kind::kEnum || !field->one_of.empty();
    const bool text = field->kind == Kind::kText && !chosen;
    if (value.empty() && (chosen || (text && !field->has_presence))) continue;
    seen |= bit;
    store_parameter(*field, value, place, into, violations);
  }
  finish_object(plan, seen, root, into, violations);
}

}  // namespace ducat::rpc
