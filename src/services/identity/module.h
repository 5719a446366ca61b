// The identity service as a part of the process: its settings, and its life.
#pragma once

#include <memory>
#include <span>

#include "kernel/service/service_data.h"
#include "kernel/service/service_ports.h"
#include "platform/config/settings.h"
#include "platform/runtime/module.h"
#include "services/identity/access/access.h"

namespace ducat::identity {

// The section `identity.*` of the configuration; `auth.*` stands in access/access.h.
std::span<const config::Setting> identity_settings();
// `identity.oidc.*`
std::span<const config::Setting> oidc_settings();

// Binds its routes at once; they may be called once `start` has succeeded. Access outlives it and learns from
// it what has ended. In production a database with the development user in it stops the start.
std::unique_ptr<Module> make_identity_module(kernel::ServicePorts ports, Access& access);

// What the command line does with the identity service's data.
const kernel::ServiceData& identity_data();

}  // namespace ducat::identity
