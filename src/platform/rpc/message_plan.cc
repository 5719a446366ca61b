// Reads descriptors and options into the tables of message_plan.h.
#include "platform/rpc/message_plan.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "base/check.h"
#include "ducat/options.pb.h"
#include "platform/rpc/json_text.h"

namespace ducat::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

Kind kind_of(const FieldDescriptor& field, const contract::FieldRules& rules) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_STRING:
      return rules.money() ? Kind::kMoney : rules.raw_json() ? Kind::kRawJson : Kind::kText;
    case FieldDescriptor::TYPE_INT64:
      return rules.format() == contract::DATE_TIME ? Kind::kTime : Kind::kInteger;
    case FieldDescriptor::TYPE_INT32:
      return Kind::kInteger;
    case FieldDescriptor::TYPE_BOOL:
      return Kind::kBoolean;
    case FieldDescriptor::TYPE_ENUM:
      return Kind::kEnum;
    case FieldDescriptor::TYPE_MESSAGE:
      DUCAT_CHECK(!field.is_map(), "a contract may not use maps");
      return Kind::kMessage;
    default:
      DUCAT_CHECK(false, "a contract's field has a type that JSON does not carry exactly");
  }
  return Kind::kText;
}

// Contracts are compiled in, so every message has generated code.
const google::protobuf::Reflection* reflection_of(const Descriptor* descriptor) {
  const auto* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor);
  DUCAT_CHECK(prototype, "a contract's message has generated code");
  return prototype->GetReflection();
}

// The field that gets the names of members that were null, or null.
const FieldDescriptor* nulls_of(const Descriptor& descriptor) {
  const FieldDescriptor* found = nullptr;
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor* field = descriptor.field(i);
    if (!field->options().GetExtension(contract::rules).nulls()) continue;
    DUCAT_CHECK(found == nullptr && field->is_repeated() && field->type() == FieldDescriptor::TYPE_STRING,
                "the names of null members go to one repeated string field");
    found = field;
  }
  return found;
}

TextFormat format_of(contract::Format format) {
  switch (format) {
    case contract::UUID:
      return TextFormat::kUuid;
    case contract::DATE_TIME:
      return TextFormat::kDateTime;
    case contract::EMAIL:
      return TextFormat::kEmail;
    default:
      return TextFormat::kAny;
  }
}

void add_enum_texts(const FieldDescriptor& field, FieldPlan& plan) {
  for (int i = 0; i < field.enum_type()->value_count(); ++i) {
    const auto& value = *field.enum_type()->value(i);
    if (value.number() == 0) continue;
    const std::string& text = value.options().GetExtension(contract::text);
    plan.enum_texts.push_back({text.empty() ? value.name() : text, value.number()});
  }
}

FieldPlan make_field(const FieldDescriptor& field) {
  const contract::FieldRules& rules = field.options().GetExtension(contract::rules);
  FieldPlan plan;
  plan.field = &field;
  plan.reflection = reflection_of(field.containing_type());
  plan.name = field.json_name();
  append_json_text(plan.key, plan.name);
  plan.key.push_back(':');
  plan.kind = kind_of(field, rules);
  plan.format = format_of(rules.format());
  plan.repeated = field.is_repeated();
  plan.required = rules.required();
  plan.nullable = rules.nullable();
  plan.has_presence = field.has_presence();
  plan.positive = rules.positive();
  plan.wide = field.type() == FieldDescriptor::TYPE_INT64;
  plan.from_query = rules.query();
  plan.from_path = rules.path();
  if (rules.has_min()) plan.min = rules.min();
  if (rules.has_max()) plan.max = rules.max();
  plan.min_length = rules.min_length();
  plan.max_length = rules.max_length();
  plan.min_items = rules.min_items();
  plan.max_items = rules.max_items();
  plan.one_of.assign(rules.one_of().begin(), rules.one_of().end());
  plan.default_value = rules.default_value();
  plan.example = rules.example();
  plan.when_values.assign(rules.required_when().value().begin(), rules.required_when().value().end());
  if (plan.kind == Kind::kEnum) add_enum_texts(field, plan);
  DUCAT_CHECK(!plan.nullable || plan.has_presence, "a nullable field must be declared optional");
  DUCAT_CHECK(plan.kind != Kind::kMoney || plan.min.value_or(0) == 0, "money knows only min: 0");
  return plan;
}

// Fills in what depends on a field's place among the others.
void finish(MessagePlan& plan) {
  plan.reflection = reflection_of(plan.descriptor);
  DUCAT_CHECK(plan.fields.size() <= 64, "a message may have at most 64 fields");
  plan.bare_list = plan.descriptor->options().GetExtension(contract::message).bare_list();
  DUCAT_CHECK(!plan.bare_list || (plan.fields.size() == 1 && plan.fields[0].repeated),
              "a bare list has one repeated field");
  for (size_t i = 0; i < plan.fields.size(); ++i) {
    FieldPlan& field = plan.fields[i];
    if (field.required) plan.required |= uint64_t{1} << i;
    if (!field.default_value.empty()) plan.defaults = true;
    const auto& when = field.field->options().GetExtension(contract::rules).required_when();
    if (when.field().empty()) continue;
    plan.conditions = true;
    for (size_t k = 0; k < plan.fields.size(); ++k) {
      if (plan.fields[k].field->name() == when.field()) field.when_field = static_cast<int>(k);
    }
    DUCAT_CHECK(field.when_field >= 0, "required_when names an unknown field");
  }
}

bool belongs(const FieldPlan& field, PlanCache::Part part, bool query_only) {
  if (!field.from_path.empty()) return part == PlanCache::Part::kPath;
  if (query_only || field.from_query) return part == PlanCache::Part::kQuery;
  return part == PlanCache::Part::kBody;
}

}  // namespace

const MessagePlan& PlanCache::of(const Descriptor* descriptor) {
  std::unique_ptr<MessagePlan>& slot = plans_[descriptor];
  if (slot) return *slot;
  slot = std::make_unique<MessagePlan>();
  MessagePlan& plan = *slot;  // in the map before its fields are read: a message may contain itself
  plan.descriptor = descriptor;
  plan.nulls = nulls_of(*descriptor);
  for (int i = 0; i < descriptor->field_count(); ++i) {
    if (descriptor->field(i) == plan.nulls) continue;
    FieldPlan field = make_field(*descriptor->field(i));
    if (field.kind == Kind::kMessage) field.message = &of(descriptor->field(i)->message_type());
    plan.fields.push_back(std::move(field));
  }
  finish(plan);
  return plan;
}

MessagePlan PlanCache::part(const Descriptor* request, Part part, bool query_only) {
  MessagePlan plan;
  plan.descriptor = request;
  if (part == Part::kBody) plan.nulls = of(request).nulls;
  for (const FieldPlan& field : of(request).fields) {
    if (belongs(field, part, query_only)) plan.fields.push_back(field);
  }
  finish(plan);
  return plan;
}

}  // namespace ducat::rpc
