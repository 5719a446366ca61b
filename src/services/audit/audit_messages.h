// The audit log's messages: `audit.log.create` and `audit.log.rollback` in, `audit.log.created` and
// `audit.log.failed` out. What is answered is an event of the journal first, so an answer is given however
// often the process dies.
#pragma once

#include <optional>
#include <string>

#include "kernel/messaging/journal_source.h"
#include "platform/broker/broker.h"
#include "platform/runtime/task.h"
#include "services/audit/audit_service.h"

namespace ducat::audit {

inline constexpr std::string_view kAuditStream = "AUDIT_LOGS";
inline constexpr std::string_view kAuditGroup = "audit";

// The stream as the contract has it: seven days.
broker::StreamSpec audit_stream();
// What the group "audit" consumes.
broker::SubscriptionOptions audit_subscription();

// Carries out one message; a broker::Handler's work. OK: its effect is durable. kUnavailable: try again.
// kInvalid: not of this kind, or without a correlation id that could be answered: it never will work.
// Thread-safe; the service outlives the task.
Task<Status> handle_message(AuditService& service, const broker::Message& message, Executor& home);

// The message that an event makes, if any; for a kernel::JournalSource.
Status answers_of(const kernel::JournalEvent& event, std::vector<broker::Message>& out);

}  // namespace ducat::audit
