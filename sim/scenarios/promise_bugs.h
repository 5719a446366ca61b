// Bugs of two services that keep a promise together, to plant: `promise` must find each of them.
#pragma once

#include <set>
#include <string>

#include "platform/broker/consumer.h"
#include "services/audit/audit_model.h"
#include "services/audit/audit_service.h"

namespace ducat::sim {

enum class PromiseBug {
  kNone,
  kUnsyncedTransactions,  // changes are confirmed, and answered, before that is durable
  kUnsyncedAudit,         // the audit log answers before its record is durable
  kNoInbox,               // the audit log counts a message as often as it comes
  kAcknowledgesEarly,     // a message counts as handled before its effect is durable
  kIgnoresRollbacks,      // a record that came late keeps its status
  kConfirmedWhenSent,     // publishers move their position before the broker's confirmation
  kForgetsOpen,           // nobody rolls back what a crash has left open
};

// The audit log's real model; with kNoInbox it appends whatever comes, as if each message were the first.
class BuggyAudit final : public kernel::Model {
 public:
  BuggyAudit(audit::AuditModel& log, PromiseBug bug) : log_(log), bug_(bug) {}

  Status open(storage::Database& tables) override { return log_.open(tables); }
  Status load(std::span<kernel::Submission* const> batch) override { return log_.load(batch); }
  bool decide(kernel::Operation& operation, kernel::DecideContext& context) override;
  void encode_answer(const kernel::Operation& operation, std::string& out) const override {
    log_.encode_answer(operation, out);
  }
  Status decode_answer(std::string_view stored, kernel::Operation& operation) const override {
    return log_.decode_answer(stored, operation);
  }
  std::unique_ptr<kernel::Changes> take_changes(kernel::RecordNumber record) override {
    return log_.take_changes(record);
  }
  void written(kernel::RecordNumber record) override { log_.written(record); }
  Status forget() override { return log_.forget(); }
  Status replay(kernel::Position position, uint64_t stream, std::string_view event, Timestamp at) override {
    return log_.replay(position, stream, event, at);
  }
  Status write(storage::Connection& connection, std::span<const kernel::Changes* const> changes) override {
    return log_.write(connection, changes);
  }

 private:
  audit::AuditModel& log_;
  const PromiseBug bug_;
  std::set<std::string, std::less<>> seen_;  // correlation ids
};

// The audit service's handler of messages: production's, with one of the bugs that are a consumer's. `early`
// counts what goes on after a message was acknowledged; it and the service outlive that.
broker::Handler audit_handler(audit::AuditService& service, PromiseBug bug, int& early);

}  // namespace ducat::sim
