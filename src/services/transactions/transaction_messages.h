// What other services are told: made from the journal's events, so that a change and its message are one
// commit. The shapes are those of the public contract.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/messaging/journal_source.h"
#include "services/transactions/domain/events.h"

namespace ducat::transactions {

inline constexpr std::string_view kAuditStream = "AUDIT_LOGS";
inline constexpr std::string_view kBusinessStream = "TRANSACTIONS";

// Both streams as the contract has them.
std::vector<broker::StreamSpec> transaction_streams();

// A transaction as callers are shown it.
void append_json(std::string& out, const Transaction& transaction);

// For kernel::JournalSource. `audit.log.create` of what is proposed, `audit.log.rollback` of what is rolled
// back.
Status audit_messages_of(const kernel::JournalEvent& event, std::vector<broker::Message>& out);
// `transaction.created`, `.updated`, `.deleted` of what is confirmed, `transaction.rollback` of what is
// rolled back.
Status business_messages_of(const kernel::JournalEvent& event, std::vector<broker::Message>& out);

}  // namespace ducat::transactions
