// The parts of messages that are looked up rather than stored.
#include "platform/http/message.h"

#include "platform/http/text.h"

namespace ducat::http {

std::string_view Request::header(std::string_view name) const {
  for (const Header& each : headers) {
    if (equals_ignoring_case(each.name, name)) return each.value;
  }
  return {};
}

}  // namespace ducat::http
