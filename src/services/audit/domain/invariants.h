// What must always be true of the log, as classes that watch every event and say what is broken. They run
// over what the tests and the simulator make, and over the whole journal when it is verified. They share no
// code with the rules.
//
// Fed from the first event on. About 40 bytes for each proposal. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "services/audit/domain/events.h"

namespace ducat::audit {

// One event; `hash` is the leaf hash of its record, where it appends one.
struct Step {
  const Event& event;
  Digest hash{};
};

// What is broken, for an operator; nothing if all is well.
using Violation = std::optional<std::string>;

class Invariant {
 public:
  virtual ~Invariant() = default;
  virtual std::string_view name() const = 0;
  // After every event, in the journal's order.
  virtual Violation after_event(const Step& step) = 0;
};

// Records are numbered 1, 2, 3 … and their times never go back.
class SequenceHasNoGaps final : public Invariant {
 public:
  std::string_view name() const override { return "the sequence has no gaps"; }
  Violation after_event(const Step& step) override;

 private:
  uint64_t last_ = 0;
  Timestamp at_;
};

// Every record names the hash of the one before.
class ChainHolds final : public Invariant {
 public:
  std::string_view name() const override { return "the chain holds"; }
  Violation after_event(const Step& step) override;

 private:
  Digest last_{};
};

// However often a proposal was sent, its correlation and action have one record.
class ProposalsAreRecordedOnce final : public Invariant {
 public:
  std::string_view name() const override { return "proposals are recorded once"; }
  Violation after_event(const Step& step) override;

 private:
  std::unordered_set<uint64_t> seen_;  // hashes of correlation and action
};

// After a rollback nobody is told that the record of its correlation is there, what is appended all the same
// is marked, and who proposes is always told something.
class RollbacksAreFinal final : public Invariant {
 public:
  std::string_view name() const override { return "rollbacks are final"; }
  Violation after_event(const Step& step) override;

 private:
  std::unordered_set<uint64_t> rolled_back_;  // hashes of correlation ids
};

std::vector<std::unique_ptr<Invariant>> all_invariants();

}  // namespace ducat::audit
