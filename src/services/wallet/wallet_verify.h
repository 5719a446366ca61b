// The auditor: refolds a shard's journal from its first event and compares what comes out with the tables.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "platform/storage/database.h"

namespace ducat::wallet {

struct VerifyReport {
  uint64_t records = 0;
  uint64_t events = 0;
  uint64_t wallets = 0;
  uint64_t keys = 0;
  uint64_t up_to_record = 0;            // the tables' position, which was verified
  std::vector<std::string> violations;  // at most 100; empty: all is well
  // Per currency: what the wallets hold in sum, and the accounts on the other side.
  struct Total {
    std::string currency;
    std::string wallets;
    std::string others;
  };
  std::vector<Total> totals;
};

// Reads a snapshot, so it may run beside a serving process. Needs memory for every wallet (about 150 bytes).
// Checks: the journal's chain; every invariant of domain/invariants.h after every event; every event's row;
// every wallet's row and head against the refolded state, and that it is found by its id; every hold and
// every mark; the accounts; that per currency all balances sum to zero; that no idempotency key was used
// twice within `key_life`.
Result<VerifyReport> verify_shard(storage::Database& journal, storage::Database& tables, Duration key_life);

}  // namespace ducat::wallet
