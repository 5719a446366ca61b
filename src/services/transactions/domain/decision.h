// What a change's judgement answers: the proposal it leads to, or why it is refused. Every change is a struct
// and
//
//   Decision decide(const Transaction* transaction, const Command&, const Context&);
//
// in a file of its own (changes/). A null transaction is one that the caller may not see. The functions are
// pure: time and ids are in the context, the same arguments give the same proposal.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

#include "services/transactions/domain/events.h"
#include "services/transactions/domain/refusal.h"

namespace ducat::transactions {

// Who wants the change, and how it may be known again. Copied into the proposal.
struct Requester {
  std::string_view user_id;
  std::string_view ip_address;
  std::string_view user_agent;
  std::string_view traceparent;
  std::string_view idempotency_key;  // caller, operation and the caller's key; empty: none
  uint64_t fingerprint = 0;
};

// What comes from outside into a judgement.
struct Context {
  Timestamp now;
  CorrelationId correlation;   // becomes the proposal's
  TransactionId new_id;        // becomes a created transaction's
  Duration audit_timeout;      // for the proposal to be decided
  Duration deleted_retention;  // how long a delete may be taken back
  Requester requester;
};

using Decision = std::expected<ChangeProposed, Refusal>;

// A proposal of this change with what every proposal has; `after` becomes the next version, as of now.
ChangeProposed propose(Change change, const Transaction* before, Transaction after, const Context& context);

// The transaction if the caller sees it: it is his, and not deleted.
const Transaction* visible_to(const Transaction* transaction, std::string_view user_id);

}  // namespace ducat::transactions
