// Commands on a user's own credentials: password, second factor, API keys.
#pragma once

#include "services/identity/domain/sign_in.h"

namespace ducat::identity {

// All sessions but the caller's end.
struct ChangePassword {
  std::string checked_hash;
  bool old_matches = false;
  std::string new_hash;
  std::optional<Uuid> session;  // the caller's
};
Decision decide(const User* user, const ChangePassword& command, const Context& context);

// Begins, or begins again while it is not verified yet.
struct EnrollTwoFactor {
  std::string secret;
  std::vector<std::string> recovery_hashes;
};
Decision decide(const User* user, const EnrollTwoFactor& command, const Context& context);

struct VerifyTwoFactor {
  GivenCode code;
};
Decision decide(const User* user, const VerifyTwoFactor& command, const Context& context);

struct DisableTwoFactor {
  GivenCode code;
};
Decision decide(const User* user, const DisableTwoFactor& command, const Context& context);

struct CreateApiKey {
  ApiKey key;  // without its time
};
Decision decide(const User* user, const CreateApiKey& command, const Context& context);

struct RevokeApiKey {
  Uuid id;
};
Decision decide(const User* user, const RevokeApiKey& command, const Context& context);

}  // namespace ducat::identity
