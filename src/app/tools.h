// Commands that work on the data without serving. What a service's data is stands in its row of the module
// table; nothing here knows one of them by name.
#pragma once

#include <string>
#include <vector>

#include "app/settings.h"

namespace ducat::app {

struct DataOptions {
  CommonOptions common;
  std::vector<std::string> services;  // none: every one that has data there
};

struct TailOptions {
  DataOptions data;
  int events = 20;
  bool follow = false;
};

// Each answers the exit code: 0: done, and all is well; 1: it was verified and is not sound; 2: it could not
// be done, and one line on stderr says why.
int print_config(const CommonOptions& options);
int verify_services(const DataOptions& options);      // may run beside a server
int list_projections(const DataOptions& options);     // too
int rebuild_projections(const DataOptions& options);  // nobody else may write the data: it sees to that
int tail_journals(const TailOptions& options);        // may run beside a server

}  // namespace ducat::app
