// Events and rows as bytes: the messages of contracts/ducat/identity/v1/events.proto.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "services/identity/domain/events.h"

namespace ducat::identity {

std::string encode(const Event& event);
// kCorrupt: not an event, or one of a kind this binary does not know.
Result<Event> decode_event(std::string_view bytes);

std::string encode(const User& user);
Result<User> decode_user(std::string_view bytes);

std::string encode(const ApiKey& key);
Result<ApiKey> decode_key(std::string_view bytes);

}  // namespace ducat::identity
