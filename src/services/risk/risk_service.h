// The risk service: takes in what wallets did, and answers for alerts. Holds no rule.
#pragma once

#include <string>
#include <vector>

#include "kernel/engine/engine.h"
#include "platform/broker/broker.h"
#include "platform/runtime/task.h"
#include "platform/storage/reader_pool.h"
#include "services/risk/risk_model.h"

namespace ducat::risk {

struct ChangeRequest {
  Uuid alert_id;
  AlertStatus wanted = AlertStatus::kClosed;
  std::string note;
  std::string user_id;
  std::string key;  // caller, operation and idempotency key; empty: none
  uint64_t fingerprint = 0;
};

struct AlertOutcome {
  kernel::Verdict verdict = kernel::Verdict::kUnavailable;
  StoredAlert alert;
  AlertRefusal refusal = AlertRefusal::kNone;
};

// Thread-safe. Tasks must have ended before it is destroyed.
class RiskService {
 public:
  // `group` is the consumer's: part of the inbox's keys.
  RiskService(kernel::Engine& engine, storage::ReaderPool& readers, std::string group)
      : engine_(engine), readers_(readers), group_(std::move(group)) {}

  // Handles a message of stream wallet_events, once however often it comes. kInvalid: it can never be read.
  Task<Status> handle(const broker::Message& message, Executor& home);

  Task<AlertOutcome> read(Uuid alert_id, Executor& home);
  Task<AlertOutcome> change(ChangeRequest request, Executor& home);
  // Sees everything that was answered before.
  Task<Result<std::vector<StoredAlert>>> list(AlertFilter filter, Executor& home);

 private:
  kernel::Engine& engine_;
  storage::ReaderPool& readers_;
  const std::string group_;
};

}  // namespace ducat::risk
