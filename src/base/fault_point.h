// Named places where a test or the simulator can make production code fail: DUCAT_FAULT("journal.append").
// A fault point costs one relaxed load when nothing is armed. The list stands in docs/fault-model.md.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "base/result.h"

namespace ducat {

// What an armed point does: an error to answer, or success. May throw nothing.
using FaultAction = std::function<Status()>;

// Arms and disarms points by name. Thread-safe. Tests disarm what they armed (ArmedFault does).
class FaultPoints {
 public:
  static void arm(const std::string& name, FaultAction action);
  static void disarm(const std::string& name);
  static Status hit(const char* name);
  static bool any_armed() { return armed_.load(std::memory_order_relaxed) != 0; }

 private:
  static std::atomic<int> armed_;
};

// Arms a point for a scope.
class ArmedFault {
 public:
  ArmedFault(std::string name, FaultAction action) : name_(std::move(name)) {
    FaultPoints::arm(name_, std::move(action));
  }
  ~ArmedFault() { FaultPoints::disarm(name_); }
  ArmedFault(const ArmedFault&) = delete;
  ArmedFault& operator=(const ArmedFault&) = delete;

 private:
  std::string name_;
};

}  // namespace ducat

// Returns the armed error from the enclosing function.
#define DUCAT_FAULT(name) \
  if (::ducat::FaultPoints::any_armed()) DUCAT_TRY(::ducat::FaultPoints::hit(name))
