// Commands that work on the data without serving.
#pragma once

#include "app/settings.h"

namespace ducat::app {

struct TailOptions {
  CommonOptions common;
  int events = 20;
  bool follow = false;
};

// Each answers the exit code; what is wrong is one line on stderr.
int print_config(const CommonOptions& options);
int verify(const CommonOptions& options);               // may run beside a server
int verify_audit(const CommonOptions& options);         // too
int list_projections(const CommonOptions& options);     // too
int rebuild_projections(const CommonOptions& options);  // takes the data directory for itself
int tail_journals(const TailOptions& options);          // may run beside a server

}  // namespace ducat::app
