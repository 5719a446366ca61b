// See access.h.
#include "services/identity/access/access.h"

namespace ducat::identity {
namespace {

constexpr config::Setting kSettings[] = {
    {.key = "auth.access_ttl",
     .type = config::Type::kDuration,
     .default_value = "24h",
     .min = "1s",
     .max = "720h",
     .help = "how long an access token is good"},
    {.key = "auth.refresh_ttl",
     .type = config::Type::kDuration,
     .default_value = "168h",
     .min = "1s",
     .max = "8760h",
     .help = "how long a refresh token is good"},
    {.key = "auth.issuer",
     .type = config::Type::kString,
     .default_value = "ducat",
     .help = "`iss` of tokens; others are refused"},
    {.key = "auth.audience",
     .type = config::Type::kString,
     .default_value = "ducat",
     .help = "`aud` of tokens; others are refused"},
};

}  // namespace

std::span<const config::Setting> access_settings() {
  return kSettings;
}

Access::Access(const config::Settings& settings, std::string secret, Clock& clock)
    : tokens_(std::move(secret), settings.text("auth.issuer"), settings.text("auth.audience")),
      registry_({.access_ttl = settings.duration("auth.access_ttl")}),
      authenticator_(tokens_, registry_, clock) {}

}  // namespace ducat::identity
