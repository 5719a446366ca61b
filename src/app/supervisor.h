// `ducat supervise`: the platform as processes of its own on one machine, each service with its database, a
// gateway in front, and the servers they need beside them; whatever dies is started again. It is how the
// distributed shape is developed and tested; in production systemd, Kubernetes or the like does this.
#pragma once

#include <string>
#include <vector>

#include "app/settings.h"

namespace ducat::app {

struct SuperviseOptions {
  CommonOptions common = {.data = "data/distributed", .config_file = {}, .set = {}};
  std::string host = "127.0.0.1";  // the gateway's
  int port = 3000;                 // the gateway's
  bool dev = false;
  std::vector<std::string> services = {"all"};
};

// Runs until SIGINT or SIGTERM, then stops everything in order. Nothing outlives it, not even a kill -9 of
// it. The exit code: 2 when it could not start, 1 when something died too often.
//
// In the data directory: `processes.json` (name, pid and addresses of what runs, always whole), `ducat.log`
// (the lines of all processes, each behind its name; 64 MiB, and as much again in `ducat.log.1`), a folder
// for each process, and the secrets they share.
int supervise(const SuperviseOptions& options);

}  // namespace ducat::app
