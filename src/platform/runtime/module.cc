// Start in order, stop in reverse.
#include "platform/runtime/module.h"

namespace ducat {

Status ModuleHost::start() {
  for (; started_ < modules_.size(); ++started_) {
    Status status = modules_[started_]->start();
    if (!status) {
      ++started_;  // a module that failed half way is stopped as well
      stop();
      return status;
    }
  }
  return {};
}

void ModuleHost::stop() {
  while (started_ > 0) modules_[--started_]->stop();
}

}  // namespace ducat
