// The schemas of the OpenAPI document: JSON Schema 2020-12 from message plans.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "platform/rpc/contract_comments.h"
#include "platform/rpc/json_text.h"
#include "platform/rpc/message_plan.h"

namespace ducat::rpc {

// Collects the messages that are referred to, and writes them as the document's components. One thread.
class SchemaWriter {
 public:
  explicit SchemaWriter(const ContractComments& comments) : comments_(comments) {}

  // "#/components/schemas/Wallet"; the message is written by `write_components`. A request's plan holds the
  // fields of its body only, and unknown properties are refused.
  std::string refer(const MessagePlan& plan, bool request);

  // The schema of one field, as a value: {"type":"string",...}.
  void write_field(JsonBuilder& json, const FieldPlan& field, bool request);

  // "name": schema, for every message referred to so far and those they refer to.
  void write_components(JsonBuilder& json);

 private:
  struct Component {
    std::string name;
    const MessagePlan* plan;
    bool request;
  };
  void write_message(JsonBuilder& json, const MessagePlan& plan, bool request);
  void write_value(JsonBuilder& json, const FieldPlan& field, bool request, bool nullable);
  void write_bounds(JsonBuilder& json, const FieldPlan& field);

  const ContractComments& comments_;
  std::vector<Component> components_;
  std::map<const google::protobuf::Descriptor*, size_t> known_;
};

}  // namespace ducat::rpc
