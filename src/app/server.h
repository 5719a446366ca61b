// The serving process: modules, the API in front of them, and what every process has (health, metrics, the
// start page, the documentation).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/settings.h"

namespace ducat::app {

struct ServeOptions {
  CommonOptions common;
  std::string host = "127.0.0.1";
  int port = 3000;
  std::optional<int> rpc_port;  // stands in for the setting
  bool dev = false;
  std::vector<std::string> services = {"all"};
};

// `ducat run`: serves until SIGINT or SIGTERM, then stops gracefully. The exit code.
int serve(const ServeOptions& options);

}  // namespace ducat::app
