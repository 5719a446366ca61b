// Between the contract's messages and the service: origins, tokens, users, refusals. No rules.
#pragma once

#include <string>
#include <string_view>

#include "ducat/identity/v1/identity.pb.h"
#include "platform/rpc/registry.h"
#include "services/identity/identity_service.h"

namespace ducat::identity {

// Who calls from where, for the audit. Texts are cut to what the audit keeps.
Origin origin_of(const rpc::CallContext& call);

rpc::ApiError error_of(const Failure& failure);
// A 400 that names one field.
rpc::ApiError bad_field(std::string_view field, std::string_view what);

void fill(v1::Tokens& out, const TokenPair& pair);
void fill(v1::User& out, const User& user);
void fill(v1::ApiKey& out, const ApiKey& key);

}  // namespace ducat::identity
