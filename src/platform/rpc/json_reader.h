// JSON text → protobuf message, by a message's plan: exact digits, every broken rule at once, nothing unknown
// let through. The parser is simdjson's On-Demand, which checks UTF-8 and finds the structure with vector
// instructions; each value is then read once, straight into the message.
#pragma once

#include <string>
#include <string_view>

#include "platform/rpc/message_plan.h"
#include "platform/rpc/violations.h"

namespace ducat::rpc {

// Objects and arrays of a body may nest this deep; of a free-form JSON object too.
constexpr int kMaxJsonDepth = 32;

// Reads `body`, which must be one JSON object (or blank, which counts as {}), into `into`, a message of
// `plan`'s type whose other fields are left alone. Returns what is wrong with the text as such ("" if it is
// well formed); broken rules go to `violations`. Unless both are empty the message is half filled and must
// not be used. Thread-safe: each thread keeps its own parser and a copy of the body, as large as the largest
// body so far.
std::string_view read_json(std::string_view body, const MessagePlan& plan, google::protobuf::Message& into,
                           Violations& violations);

// Reports the required fields that are not in `seen` (bit i: plan.fields[i]) and sets the defaults of absent
// ones.
void finish_object(const MessagePlan& plan, uint64_t seen, const Place& place,
                   google::protobuf::Message& into, Violations& violations);

}  // namespace ducat::rpc
