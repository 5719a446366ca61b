// What must always be true of transactions, as classes that watch every event and say what is broken. They
// run after every batch in tests, and when a verifier refolds the journal. They work from the events alone
// and share no code with the rules they check.
//
// Fed from the first event of a journal on. They keep a small record of every transaction or open change;
// ordered, so that the same run says the same. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "services/transactions/domain/events.h"

namespace ducat::transactions {

// What is broken, for an operator; nothing if all is well.
using Violation = std::optional<std::string>;

class Invariant {
 public:
  virtual ~Invariant() = default;
  virtual std::string_view name() const = 0;
  // After every event, in the journal's order.
  virtual Violation after_event(const Event& event) = 0;
};

// Visible changes and confirmed proposals are one to one: what is confirmed is what was proposed, was open,
// and is decided once.
class VisibleIsConfirmed final : public Invariant {
 public:
  std::string_view name() const override { return "what is visible was proposed and confirmed"; }
  Violation after_event(const Event& event) override;

 private:
  struct Open {
    Change change;
    TransactionRef after;
  };
  std::map<CorrelationId, Open> open_;
  std::set<CorrelationId> seen_;
};

// The versions of a transaction are 1, 2, 3 … without gaps, each proposed on the one before, and a create is
// the first.
class VersionsWithoutGaps final : public Invariant {
 public:
  std::string_view name() const override { return "versions have no gaps"; }
  Violation after_event(const Event& event) override;

 private:
  std::map<TransactionId, TransactionRef> visible_;
};

// A transaction has at most one open proposal.
class OneOpenProposal final : public Invariant {
 public:
  std::string_view name() const override { return "one open proposal for each transaction"; }
  Violation after_event(const Event& event) override;

 private:
  std::map<TransactionId, CorrelationId> open_;
};

// Every visible version has the id of an audit record, which no other has.
class EveryVersionIsAudited final : public Invariant {
 public:
  std::string_view name() const override { return "every version is audited"; }
  Violation after_event(const Event& event) override;

 private:
  std::set<std::string> records_;
};

std::vector<std::unique_ptr<Invariant>> all_invariants();

}  // namespace ducat::transactions
