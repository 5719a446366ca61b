// What the audit service answers to `audit.log.create`.
#pragma once

#include <string>
#include <string_view>

#include "platform/broker/broker.h"
#include "services/transactions/domain/types.h"

namespace ducat::transactions {

inline constexpr std::string_view kAuditCreated = "audit.log.created";
inline constexpr std::string_view kAuditFailed = "audit.log.failed";

struct AuditAnswer {
  CorrelationId correlation;
  bool success = false;
  std::string audit_log_id;  // on success
  std::string error;         // on failure: why
};

// From a message of either type. kInvalid: it is not what the contract says, and never will be.
Result<AuditAnswer> read_audit_answer(const broker::Message& message);

}  // namespace ducat::transactions
