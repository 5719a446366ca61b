// All that a process needs to know who calls, made of its settings: every process has one, whether it runs
// the identity service or not.
#pragma once

#include <span>
#include <string>

#include "platform/config/settings.h"
#include "services/identity/access/authenticator.h"

namespace ducat::identity {

// The section `auth.*`, without the secret, which is the process's own.
std::span<const config::Setting> access_settings();

// Lives as long as the process serves. Thread-safe.
class Access {
 public:
  // `secret` signs and verifies tokens: at least 32 characters, the same in all processes.
  Access(const config::Settings& settings, std::string secret, Clock& clock);

  const security::TokenSigner& tokens() const { return tokens_; }
  AccessRegistry& registry() { return registry_; }
  Authenticator& authenticator() { return authenticator_; }

 private:
  security::TokenSigner tokens_;
  AccessRegistry registry_;
  Authenticator authenticator_;
};

}  // namespace ducat::identity
