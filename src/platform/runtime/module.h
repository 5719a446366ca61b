// A part of the process with a life of its own. The table in src/app/modules.cc names them; the host starts
// them in the order of their needs and stops them in reverse.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace ducat {

// How far tables have followed a journal, as positions of events.
struct Progress {
  uint64_t position = 0;   // of the newest event
  uint64_t projected = 0;  // the tables have all events up to here
};

// What a module with a journal does with it: leads it, or follows another process that does. A module that
// follows answers reads.
enum class Role : uint8_t { kNone, kLeading, kFollowing };

// How a module is, for /health.
struct Health {
  bool ready = false;
  std::string detail;                // what is wrong, or a short fact worth showing; may be empty
  std::optional<Progress> progress;  // of a module with a journal
  Role role = Role::kNone;
};

class Module {
 public:
  virtual ~Module() = default;
  virtual std::string name() const = 0;
  // Blocks until the module serves or says why it cannot. Called once.
  virtual Status start() = 0;
  // Refuses new work, finishes what was accepted, frees what it holds. Called once after a start, even a
  // failed one.
  virtual void stop() = 0;
  // Thread-safe between start and stop.
  virtual Health health() const = 0;
  // What /health shows of it: itself, unless it stands for several. Threads as for `health`.
  struct Part {
    std::string name;
    Health health;
  };
  virtual std::vector<Part> parts() const { return {{name(), health()}}; }
};

// Starts modules in the order given and stops them in reverse; a failed start stops what had started.
class ModuleHost {
 public:
  void add(std::unique_ptr<Module> module) { modules_.push_back(std::move(module)); }
  Status start();
  void stop();
  const std::vector<std::unique_ptr<Module>>& modules() const { return modules_; }

 private:
  std::vector<std::unique_ptr<Module>> modules_;
  size_t started_ = 0;
};

}  // namespace ducat
