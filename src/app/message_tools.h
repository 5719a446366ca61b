// `ducat messages`: what consumers have put aside, and giving it back to them.
#pragma once

#include "app/settings.h"

namespace ducat::app {

struct MessageOptions {
  CommonOptions common;
  std::string group;
  uint64_t limit = 1000;
  bool bodies = false;  // print them as well
};

// Each answers the exit code; what is wrong is one line on stderr.
int list_messages(const MessageOptions& options);  // may run beside a server
// With the in-process broker a server that runs is asked to, as its groups live in that server's process.
int redrive_messages(const MessageOptions& options);

}  // namespace ducat::app
