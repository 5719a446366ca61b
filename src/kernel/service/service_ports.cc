// Settings that belong to no service alone.
#include "kernel/service/service_ports.h"

namespace ducat::kernel {
namespace {

constexpr config::Setting kSettings[] = {
    {.key = "idempotency.ttl",
     .type = config::Type::kDuration,
     .default_value = "24h",
     .min = "1s",
     .help = "how long an idempotency key is remembered"},
};

}  // namespace

std::span<const config::Setting> service_settings() {
  return kSettings;
}

}  // namespace ducat::kernel
