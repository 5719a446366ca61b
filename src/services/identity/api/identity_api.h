// The identity service's methods of the contract, bound to it.
#pragma once

#include "services/identity/access/access_feed.h"
#include "services/identity/api/mapping.h"

namespace ducat::identity {

struct IdentityApiOptions {
  bool sign_up_open = true;
  bool dev = false;            // false: the development user's names are nobody's
  AccessFeed* feed = nullptr;  // what an answer waits for, so that it is true at every gateway; null: nothing
};

// The user that is there in development; production refuses to start with it.
inline constexpr std::string_view kDevelopmentUser = "testuser";
inline constexpr std::string_view kDevelopmentEmail = "test@example.com";

// Binds the methods of ducat.identity.v1.IdentityService that need no external provider. Outlives the
// registry's calls. Thread-safe.
class IdentityApi {
 public:
  // The service is asked for at every call: it is there once its host has started.
  using FindService = std::function<IdentityService&()>;
  IdentityApi(FindService service, Clock& clock, IdentityApiOptions options)
      : service_(std::move(service)), clock_(clock), options_(options) {}
  void bind(rpc::Registry& registry);

 private:
  template <typename T>
  using Reply = Task<rpc::Reply<T>>;
  using Call = rpc::CallContext;

  Reply<v1::Tokens> sign_up(const v1::SignUpRequest& request, Call& call);
  Reply<v1::Tokens> login(const v1::LoginRequest& request, Call& call);
  Reply<v1::Tokens> sign_in(const v1::SignInRequest& request, Call& call);
  Reply<v1::Tokens> refresh(const v1::RefreshRequest& request, Call& call);
  Reply<v1::CallerProfile> me(const v1::MeRequest& request, Call& call);
  Reply<v1::Done> logout(const v1::LogoutRequest& request, Call& call);
  Reply<v1::Done> logout_all(const v1::LogoutAllRequest& request, Call& call);
  Reply<v1::Done> change_password(const v1::ChangePasswordRequest& request, Call& call);
  Reply<v1::User> update_user(const v1::UpdateUserRequest& request, Call& call);
  Reply<v1::User> set_roles(const v1::SetRolesRequest& request, Call& call);
  Reply<v1::TwoFactorEnrolment> enroll(const v1::EnrollTwoFactorRequest& request, Call& call);
  Reply<v1::TwoFactorState> verify(const v1::TwoFactorCode& request, Call& call);
  Reply<v1::TwoFactorState> disable(const v1::TwoFactorCode& request, Call& call);
  Reply<v1::NewApiKey> create_key(const v1::CreateApiKeyRequest& request, Call& call);
  Reply<v1::ApiKeys> list_keys(const v1::ListApiKeysRequest& request, Call& call);
  Reply<v1::Done> delete_key(const v1::DeleteApiKeyRequest& request, Call& call);

  Reply<v1::Tokens> sign_in_with(Credentials credentials, Call& call);
  // The method's answer, once what it has ended or added counts everywhere.
  template <typename Request, typename Response>
  Reply<Response> answer(Reply<Response> (IdentityApi::*method)(const Request&, Call&),
                         const Request& request, Call& call);

  FindService service_;
  Clock& clock_;
  const IdentityApiOptions options_;
};

}  // namespace ducat::identity
