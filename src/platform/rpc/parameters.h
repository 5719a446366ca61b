// Query and path parameters → protobuf message, by the same rules as a body's fields.
#pragma once

#include <string>
#include <string_view>

#include "platform/rpc/message_plan.h"
#include "platform/rpc/violations.h"

namespace ducat::rpc {

// Decodes %XX, and '+' as a space where `form` says so (queries). False for a broken escape, NUL or what is
// not UTF-8.
bool percent_decode(std::string_view text, bool form, std::string& out);

// Reads "a=1&b=x" into the fields of `plan`. Unknown parameters are ignored. An empty text counts as absent
// unless its field has presence (`cursor=`), and so does an empty choice (`status=`); an empty number, time
// or boolean is a wrong one. Integers are digits, nothing else a JSON number may have. Of one that comes
// twice the first counts, unless its field is repeated.
void read_query(std::string_view query, const MessagePlan& plan, google::protobuf::Message& into,
                Violations& violations);

}  // namespace ducat::rpc
