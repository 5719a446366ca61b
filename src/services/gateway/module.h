// The gateway as a part of the process: it serves over HTTP what other processes do.
#pragma once

#include <memory>

#include "clients/directory.h"
#include "platform/rpc/registry.h"
#include "platform/runtime/module.h"

namespace ducat::gateway {

// Binds the methods of every service that the directory knows elsewhere, so that routes, validation and
// documentation are those of one process. Its parts are those services: it is ready when all of them are.
// Directory and registry outlive it.
std::unique_ptr<Module> make_gateway_module(clients::Directory& directory, rpc::Registry& registry);

}  // namespace ducat::gateway
