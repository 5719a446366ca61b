// Protobuf message → JSON, by the message's plan: camelCase names in the contract's order, money and 64-bit
// integers as bare numbers, times as ISO 8601, absent fields left out or null as the contract says.
#pragma once

#include <string>

#include "platform/rpc/message_plan.h"

namespace ducat::rpc {

// Appends `message`, which is of `plan`'s type. Text fields must be UTF-8, money fields decimal digits and
// raw JSON fields JSON: what the reader or the services put there is. Thread-safe; cannot fail.
void append_json(std::string& out, const MessagePlan& plan, const google::protobuf::Message& message);

}  // namespace ducat::rpc
