// One pair of functions for each body of an event; codec.cc dispatches.
#pragma once

#include "ducat/identity/v1/events.pb.h"
#include "services/identity/domain/events.h"

namespace ducat::identity {

void write(v1::StoredEvent& out, const Body& body);
// False: of a kind this binary does not know, or damaged.
bool read(const v1::StoredEvent& in, Body& body);

void write(v1::StoredProfile& out, const Profile& profile);
Profile read(const v1::StoredProfile& in);
void write(v1::StoredApiKey& out, const ApiKey& key);
bool read(const v1::StoredApiKey& in, ApiKey& key);

}  // namespace ducat::identity
