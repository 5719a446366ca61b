// Signing in with an external provider, over HTTP: out with `start`, back with `callback`. What the two share
// (state, nonce, PKCE verifier) travels in a signed cookie of the browser, so nothing is kept here, and a
// state that somebody else started is worth nothing.
#pragma once

#include "services/identity/api/mapping.h"
#include "services/identity/oidc/provider.h"

namespace ducat::identity {

// Binds two methods of ducat.identity.v1.IdentityService. Outlives the registry's calls. Thread-safe.
class OidcApi {
 public:
  using FindService = std::function<IdentityService&()>;
  struct Ports {
    FindService service;  // asked for at every call
    Provider& provider;
    const security::TokenSigner& tokens;
    Clock& clock;
    Random& random;
  };
  explicit OidcApi(Ports ports) : ports_(std::move(ports)) {}
  void bind(rpc::Registry& registry);

 private:
  template <typename T>
  using Reply = Task<rpc::Reply<T>>;
  using Call = rpc::CallContext;

  Reply<v1::Done> start(const v1::StartExternalSignInRequest& request, Call& call);
  Reply<v1::Tokens> finish(const v1::FinishExternalSignInRequest& request, Call& call);
  std::optional<Handshake> read_cookie(const Call& call) const;

  Ports ports_;
};

}  // namespace ducat::identity
