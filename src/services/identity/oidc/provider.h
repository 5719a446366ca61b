// An external OpenID Connect provider: where its endpoints are (OpenID Connect Discovery 1.0), its keys, and
// the exchange of an authorization code for an ID token (OAuth 2.0, RFC 6749, with PKCE, RFC 7636).
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "platform/fetch/fetcher.h"
#include "platform/security/id_token.h"

namespace ducat::identity {

struct ProviderOptions {
  std::string issuer;  // "https://accounts.example.com", as its ID tokens say; empty: there is no provider
  std::string client_id, client_secret;
  std::string redirect_url;  // our callback, as it is registered there
  std::string scopes = "openid email profile";
  Duration fresh = Duration::seconds(3600);  // how long endpoints and keys are believed
  Duration refetch = Duration::seconds(10);  // at least between two looks for a key that is not known
};

// What one sign-in is bound to. Made anew for each.
struct Handshake {
  std::string state, nonce, verifier;
};

// Thread-safe. What it is given outlives it.
class Provider {
 public:
  Provider(ProviderOptions options, fetch::Fetcher& fetcher, Clock& clock)
      : options_(std::move(options)), fetcher_(fetcher), clock_(clock) {}

  bool configured() const { return !options_.issuer.empty(); }
  const std::string& issuer() const { return options_.issuer; }

  // Where the browser is sent. kUnavailable: the provider does not answer.
  Task<Result<std::string>> authorization_url(Handshake handshake, Executor& home);
  // Whom the code stands for. kInvalid: the provider, or the token's check, says no.
  Task<Result<security::IdToken>> redeem(std::string code, Handshake handshake, Executor& home);

 private:
  struct Endpoints {
    std::string authorization, token, keys;
  };
  Task<Result<Endpoints>> endpoints(Executor& home);
  // Fetched again when older than `at_most`.
  Task<Result<security::KeySet>> keys(Duration at_most, Executor& home);
  Task<Result<security::IdToken>> check(std::string token, std::string nonce, Executor& home);

  const ProviderOptions options_;
  fetch::Fetcher& fetcher_;
  Clock& clock_;
  std::mutex mutex_;  // what has been fetched
  std::optional<Endpoints> endpoints_;
  std::optional<security::KeySet> keys_;
  Timestamp endpoints_at_, keys_at_;  // monotonic
};

}  // namespace ducat::identity
