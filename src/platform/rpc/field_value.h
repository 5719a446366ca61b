// One value of a field: checks it against the contract's rules and stores it. Shared by the reader of bodies,
// where a value has a JSON type, and by the reader of query and path parameters, where it is text.
#pragma once

#include <optional>
#include <string_view>

#include "platform/rpc/decimal.h"
#include "platform/rpc/message_plan.h"
#include "platform/rpc/violations.h"

namespace ducat::rpc {

// All of these add to a repeated field and set any other; on a broken rule they report it and leave the field
// alone.

// kText, kTime, kEnum: the text, which is UTF-8. kMoney: a decimal string.
void store_text(const FieldPlan& field, std::string_view text, const Place& place,
                google::protobuf::Message& into, Violations& violations);

// kMoney and kInteger.
void store_number(const FieldPlan& field, const Decimal& number, const Place& place,
                  google::protobuf::Message& into, Violations& violations);

void store_boolean(const FieldPlan& field, bool value, google::protobuf::Message& into);

// kRawJson: a JSON object that has been checked.
void store_raw_json(const FieldPlan& field, std::string_view json, const Place& place,
                    google::protobuf::Message& into, Violations& violations);

// A parameter's text, for any kind but kMessage and kRawJson.
void store_parameter(const FieldPlan& field, std::string_view text, const Place& place,
                     google::protobuf::Message& into, Violations& violations);

// Says everything that a value of the wrong type, or none at all, breaks.
void report_wrong_type(const FieldPlan& field, const Place& place, bool missing, Violations& violations);

}  // namespace ducat::rpc
