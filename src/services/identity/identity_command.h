// What is handed to the identity engine: a command of the domain, by whom it is found, and where its answer
// goes.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "kernel/engine/submission.h"
#include "services/identity/access/access_registry.h"
#include "services/identity/domain/credentials.h"

namespace ducat::identity {

// Only looks: the user as he is, and whether an attempt at his credentials may be made now.
struct FindUser {};

using Command = std::variant<FindUser, SignUp, SignInExternally, ChangeProfile, SetRoles, SignIn, Refresh,
                             SignOut, SignOutEverywhere, ChangePassword, EnrollTwoFactor, VerifyTwoFactor,
                             DisableTwoFactor, CreateApiKey, RevokeApiKey>;

struct IdentityOperation final : kernel::Operation {
  std::string name;             // of the user it is about, as the tables have it ("u:alice"); empty: none yet
  std::optional<Uuid> session;  // it is about
  Origin origin;
  Command command;

  std::optional<User> user;  // as the command left him; none: there is no such user
  std::optional<Session> session_after;
  std::optional<Refusal> refusal;     // the rules' answer; it may stand beside events, so look here first
  Gate gate;                          // FindUser
  std::vector<AccessChange> changes;  // to apply once it is durable
};

class IdentitySubmission final : public kernel::Submission {
 public:
  using Submission::Submission;
  size_t size() const override { return 1; }
  kernel::Operation& at(size_t) override { return operation; }
  IdentityOperation operation;
};

}  // namespace ducat::identity
