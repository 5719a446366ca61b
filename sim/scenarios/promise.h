// The promise between two services: a change is visible exactly if its audit record says SUCCESS, whatever
// happens to either service, to both, to their disks and to the messages between them; an answer is true when
// it is given and stays true; a key counts once; what was left open ends by itself.
#pragma once

#include "sim/scenarios/promise_bugs.h"
#include "sim/scenarios/scenario.h"

namespace ducat::sim {

class Promise final : public Scenario {
 public:
  // `bug` is for the tests of this test.
  explicit Promise(PromiseBug bug = PromiseBug::kNone) : bug_(bug) {}
  std::string_view name() const override { return "promise"; }
  Status run(World& world) override;

 private:
  PromiseBug bug_;
};

}  // namespace ducat::sim
