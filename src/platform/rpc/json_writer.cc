// See json_writer.h.
#include "platform/rpc/json_writer.h"

#include <google/protobuf/message.h>

#include <charconv>

#include "base/time.h"
#include "platform/rpc/json_text.h"

namespace ducat::rpc {
namespace {

using google::protobuf::Message;
using google::protobuf::Reflection;

void append_integer(std::string& out, int64_t value) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof(digits), value).ptr);
}

// Money and JSON that was never set has no digits to print; null keeps the document valid.
void append_verbatim(std::string& out, const std::string& text) {
  out.append(text.empty() ? "null" : text);
}

void append_enum(std::string& out, const FieldPlan& field, int number) {
  for (const EnumText& value : field.enum_texts) {
    if (value.number == number) return append_json_text(out, value.text);
  }
  out.append("null");
}

void append_text(std::string& out, const FieldPlan& field, const std::string& text) {
  if (field.kind == Kind::kText) return append_json_text(out, text);
  append_verbatim(out, text);
}

// The wire type of kInteger and kTime.
int64_t integer_of(const FieldPlan& field, const Message& message, const Reflection& reflection) {
  if (field.kind == Kind::kTime || field.wide) return reflection.GetInt64(message, field.field);
  return reflection.GetInt32(message, field.field);
}

int64_t element_of(const FieldPlan& field, const Message& message, const Reflection& reflection, int index) {
  if (field.kind == Kind::kTime || field.wide)
    return reflection.GetRepeatedInt64(message, field.field, index);
  return reflection.GetRepeatedInt32(message, field.field, index);
}

void append_number(std::string& out, const FieldPlan& field, int64_t value) {
  if (field.kind == Kind::kInteger) return append_integer(out, value);
  out.push_back('"');
  append_iso8601(out, Timestamp{value});
  out.push_back('"');
}

void append_single(std::string& out, const FieldPlan& field, const Message& message,
                   const Reflection& reflection) {
  switch (field.kind) {
    case Kind::kText:
    case Kind::kMoney:
    case Kind::kRawJson: {
      std::string buffer;
      return append_text(out, field, reflection.GetStringReference(message, field.field, &buffer));
    }
    case Kind::kInteger:
    case Kind::kTime:
      return append_number(out, field, integer_of(field, message, reflection));
    case Kind::kBoolean:
      out.append(reflection.GetBool(message, field.field) ? "true" : "false");
      return;
    case Kind::kEnum:
      return append_enum(out, field, reflection.GetEnumValue(message, field.field));
    case Kind::kMessage:
      return append_json(out, *field.message, reflection.GetMessage(message, field.field));
  }
}

void append_element(std::string& out, const FieldPlan& field, const Message& message,
                    const Reflection& reflection, int index) {
  switch (field.kind) {
    case Kind::kText:
    case Kind::kMoney:
    case Kind::kRawJson: {
      std::string buffer;
      return append_text(out, field,
                         reflection.GetRepeatedStringReference(message, field.field, index, &buffer));
    }
    case Kind::kInteger:
    case Kind::kTime:
      return append_number(out, field, element_of(field, message, reflection, index));
    case Kind::kBoolean:
      out.append(reflection.GetRepeatedBool(message, field.field, index) ? "true" : "false");
      return;
    case Kind::kEnum:
      return append_enum(out, field, reflection.GetRepeatedEnumValue(message, field.field, index));
    case Kind::kMessage:
      return append_json(out, *field.message, reflection.GetRepeatedMessage(message, field.field, index));
  }
}

void append_list(std::string& out, const FieldPlan& field, const Message& message,
                 const Reflection& reflection) {
  out.push_back('[');
  const int size = reflection.FieldSize(message, field.field);
  for (int i = 0; i < size; ++i) {
    if (i > 0) out.push_back(',');
    append_element(out, field, message, reflection, i);
  }
  out.push_back(']');
}

}  // namespace

void append_json(std::string& out, const MessagePlan& plan, const Message& message) {
  const Reflection& reflection = *plan.reflection;
  if (plan.bare_list) return append_list(out, plan.fields[0], message, reflection);
  out.push_back('{');
  bool first = true;
  for (const FieldPlan& field : plan.fields) {
    const bool absent = field.has_presence && !reflection.HasField(message, field.field);
    if (absent && !field.nullable) continue;
    if (!std::exchange(first, false)) out.push_back(',');
    out.append(field.key);
    if (absent) {
      out.append("null");
    } else if (field.repeated) {
      append_list(out, field, message, reflection);
    } else {
      append_single(out, field, message, reflection);
    }
  }
  out.push_back('}');
}

}  // namespace ducat::rpc
