// A map behind a mutex: only armed runs pay for it.
#include "base/fault_point.h"

#include <map>
#include <mutex>

namespace ducat {
namespace {

std::mutex g_mutex;
std::map<std::string, FaultAction>& actions() {
  static std::map<std::string, FaultAction> map;
  return map;
}

}  // namespace

std::atomic<int> FaultPoints::armed_{0};

void FaultPoints::arm(const std::string& name, FaultAction action) {
  std::lock_guard lock(g_mutex);
  if (actions().insert_or_assign(name, std::move(action)).second) armed_.fetch_add(1);
}

void FaultPoints::disarm(const std::string& name) {
  std::lock_guard lock(g_mutex);
  if (actions().erase(name) != 0) armed_.fetch_sub(1);
}

Status FaultPoints::hit(const char* name) {
  FaultAction action;
  {
    std::lock_guard lock(g_mutex);
    auto found = actions().find(name);
    if (found == actions().end()) return {};
    action = found->second;
  }
  return action();
}

}  // namespace ducat
