// See openapi_schema.h.
#include "platform/rpc/openapi_schema.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>

namespace ducat::rpc {
namespace {

struct TypeName {
  std::string_view type;
  std::string_view format;
};

TypeName type_of(const FieldPlan& field) {
  switch (field.kind) {
    case Kind::kText:
      switch (field.format) {
        case TextFormat::kUuid:
          return {"string", "uuid"};
        case TextFormat::kDateTime:
          return {"string", "date-time"};
        case TextFormat::kEmail:
          return {"string", "email"};
        case TextFormat::kAny:
          return {"string", ""};
      }
      return {"string", ""};
    case Kind::kMoney:
      return {"number", "decimal"};
    case Kind::kInteger:
      return {"integer", field.wide ? "int64" : "int32"};
    case Kind::kBoolean:
      return {"boolean", ""};
    case Kind::kTime:
      return {"string", "date-time"};
    case Kind::kEnum:
      return {"string", ""};
    case Kind::kRawJson:
    case Kind::kMessage:
      return {"object", ""};
  }
  return {"string", ""};
}

void write_type(JsonBuilder& json, std::string_view type, bool nullable) {
  json.key("type");
  if (nullable) {
    json.begin_array().text(type).text("null").end_array();
  } else {
    json.text(type);
  }
}

void write_enum(JsonBuilder& json, const FieldPlan& field, bool nullable) {
  if (field.one_of.empty() && field.enum_texts.empty()) return;
  json.key("enum").begin_array();
  for (const std::string& text : field.one_of) json.text(text);
  for (const EnumText& value : field.enum_texts) json.text(value.text);
  if (nullable) json.raw("null");
  json.end_array();
}

void write_default(JsonBuilder& json, const FieldPlan& field) {
  if (field.default_value.empty()) return;
  json.key("default");
  const bool bare =
      field.kind == Kind::kInteger || field.kind == Kind::kBoolean || field.kind == Kind::kMoney;
  if (bare) {
    json.raw(field.default_value);
  } else {
    json.text(field.default_value);
  }
}

// In a request what the contract requires; in an answer what is always written.
bool is_required(const FieldPlan& field, bool request) {
  return request ? field.required : !field.has_presence || field.nullable;
}

}  // namespace

std::string SchemaWriter::refer(const MessagePlan& plan, bool request) {
  auto [at, added] = known_.try_emplace(plan.descriptor, components_.size());
  if (added) {
    std::string name = plan.descriptor->name();
    const bool taken =
        std::any_of(components_.begin(), components_.end(), [&](const auto& c) { return c.name == name; });
    components_.push_back({taken ? plan.descriptor->full_name() : name, &plan, request});
  }
  return "#/components/schemas/" + components_[at->second].name;
}

void SchemaWriter::write_bounds(JsonBuilder& json, const FieldPlan& field) {
  if (field.positive) json.key("exclusiveMinimum").number(0);
  if (field.min) json.key("minimum").number(*field.min);
  if (field.max) json.key("maximum").number(*field.max);
  if (field.kind != Kind::kText) return;
  if (field.min_length) json.key("minLength").number(field.min_length);
  if (field.max_length) json.key("maxLength").number(field.max_length);
}

// The schema of a field without its list and its description; the object is open.
void SchemaWriter::write_value(JsonBuilder& json, const FieldPlan& field, bool request, bool nullable) {
  if (field.kind == Kind::kMessage && nullable) {
    json.key("anyOf").begin_array();
    json.begin_object().key("$ref").text(refer(*field.message, request)).end_object();
    json.begin_object().key("type").text("null").end_object().end_array();
    return;
  }
  if (field.kind == Kind::kMessage) {
    json.key("$ref").text(refer(*field.message, request));
    return;
  }
  TypeName type = type_of(field);
  write_type(json, type.type, nullable);
  if (!type.format.empty()) json.key("format").text(type.format);
  write_enum(json, field, nullable);
  write_bounds(json, field);
  write_default(json, field);
  if (field.kind == Kind::kRawJson) json.key("additionalProperties").boolean(true);
}

void SchemaWriter::write_field(JsonBuilder& json, const FieldPlan& field, bool request) {
  json.begin_object();
  if (field.repeated) {
    write_type(json, "array", field.nullable);
    if (field.min_items) json.key("minItems").number(field.min_items);
    if (field.max_items) json.key("maxItems").number(field.max_items);
    json.key("items").begin_object();
    write_value(json, field, request, false);
    json.end_object();
  } else {
    write_value(json, field, request, field.nullable);
  }
  std::string description = comments_.of_field(field.field->full_name());
  if (!description.empty()) json.key("description").text(description);
  if (!field.example.empty()) json.key("examples").begin_array().raw(field.example).end_array();
  json.end_object();
}

void SchemaWriter::write_message(JsonBuilder& json, const MessagePlan& plan, bool request) {
  if (plan.bare_list) return write_field(json, plan.fields[0], request);
  json.begin_object().key("type").text("object");
  std::string description = comments_.of_message(plan.descriptor->full_name());
  if (!description.empty()) json.key("description").text(description);
  json.key("properties").begin_object();
  for (const FieldPlan& field : plan.fields) {
    json.key(field.name);
    write_field(json, field, request);
  }
  json.end_object();
  if (std::any_of(plan.fields.begin(), plan.fields.end(),
                  [&](const auto& f) { return is_required(f, request); })) {
    json.key("required").begin_array();
    for (const FieldPlan& field : plan.fields) {
      if (is_required(field, request)) json.text(field.name);
    }
    json.end_array();
  }
  if (request) json.key("additionalProperties").boolean(false);
  json.end_object();
}

void SchemaWriter::write_components(JsonBuilder& json) {
  // Writing one may refer to further ones, behind it.
  for (size_t i = 0; i < components_.size(); ++i) {
    Component component = components_[i];
    json.key(component.name);
    write_message(json, *component.plan, component.request);
  }
}

}  // namespace ducat::rpc
