// What the clients of a ledger were told, and whether the journal agrees. Survives crashes, as clients do.
#pragma once

#include <map>
#include <string>

#include "kernel/journal/journal.h"
#include "sim/scenarios/ledger_model.h"

namespace ducat::sim {

// How a key stands with the client that sent it.
struct Told {
  Transfer transfer;
  bool acknowledged = false;  // else nobody knows: refused, unavailable, or no answer
  TransferAnswer answer;      // if acknowledged
};

// One thread. Errors are broken promises.
class LedgerHistory {
 public:
  // Before it is sent; a retry keeps what was told before.
  void sent(const std::string& key, const Transfer& transfer) {
    told_.try_emplace(key, Told{transfer, false, {}});
  }
  // An answer came, first or repeated: it must be the same for ever.
  Status acknowledged(const std::string& key, const TransferAnswer& answer);
  const std::map<std::string, Told>& told() const { return told_; }

  // Folds the journal from its beginning and compares: every acknowledged key is there, once, with its
  // answer; every answer is what the state was; no event without a key that was sent; nothing overdrawn; no
  // money made. Learns what became of the unknown keys that are there. Answers the state that the tables must
  // have.
  Result<std::map<uint64_t, AccountRow>> check(kernel::JournalReader& journal);

 private:
  class Fold;
  std::map<std::string, Told> told_;
};

uint64_t fingerprint_of(const Transfer& transfer);

}  // namespace ducat::sim
