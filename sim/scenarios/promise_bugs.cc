#include "sim/scenarios/promise_bugs.h"

#include "services/audit/audit_messages.h"

namespace ducat::sim {
namespace {

Task<Status> handle_copy(audit::AuditService& service, broker::Message message, Executor& home) {
  co_return co_await audit::handle_message(service, message, home);
}

Task<Status> handle_later(audit::AuditService& service, const broker::Message& message, Executor& home,
                          int& early) {
  ++early;
  start(handle_copy(service, message, home), [&early](const Status&) { --early; });
  co_return Status();
}

Task<Status> say_handled() {
  co_return Status();
}

}  // namespace

bool BuggyAudit::decide(kernel::Operation& operation, kernel::DecideContext& context) {
  audit::Command& command = static_cast<audit::AuditOperation&>(operation).command;
  if (const auto* proposal = std::get_if<audit::Propose>(&command);
      proposal && bug_ == PromiseBug::kNoInbox) {
    bool again = !seen_.emplace(proposal->entry.correlation_id.value_or("")).second;
    if (again) command = audit::Append{audit::Entry(proposal->entry)};
  }
  return log_.decide(operation, context);
}

broker::Handler audit_handler(audit::AuditService& service, PromiseBug bug, int& early) {
  switch (bug) {
    case PromiseBug::kNoInbox:
      return [&service, calls = 0](const broker::Message& message, Executor& home) mutable {
        broker::Message renamed = message;
        renamed.id += "-" + std::to_string(++calls);
        return handle_copy(service, std::move(renamed), home);
      };
    case PromiseBug::kAcknowledgesEarly:
      return [&service, &early](const broker::Message& message, Executor& home) {
        return handle_later(service, message, home, early);
      };
    case PromiseBug::kIgnoresRollbacks:
      return [&service](const broker::Message& message, Executor& home) {
        return message.type == "audit.log.rollback" ? say_handled()
                                                    : audit::handle_message(service, message, home);
      };
    default:
      return [&service](const broker::Message& message, Executor& home) {
        return audit::handle_message(service, message, home);
      };
  }
}

}  // namespace ducat::sim
