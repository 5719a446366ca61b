// The risk service as the engine's model: histories and alerts in memory, the domain's rules, the tables
// behind.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/hash.h"
#include "kernel/engine/model.h"
#include "kernel/engine/pinned_states.h"
#include "services/risk/store/tables.h"

namespace ducat::risk {

// A wallet moved money: evolves its history and opens alerts. Its key is the message's (the inbox).
struct ReportMovement {
  Movement movement;
};
// Investigates or closes an alert.
struct ChangeAlert {
  kernel::Position alert = 0;
  AlertStatus wanted = AlertStatus::kClosed;
  std::string_view note;
  std::string_view user_id;
};
// An alert as of now.
struct ReadAlert {
  kernel::Position alert = 0;
};

// Views live as long as the operation; the caller keeps what they point to.
struct RiskOperation final : kernel::Operation {
  std::variant<ReadAlert, ReportMovement, ChangeAlert> command;
  StoredAlert answer;  // of ReadAlert and ChangeAlert
  AlertRefusal refusal = AlertRefusal::kNone;
};

class RiskSubmission final : public kernel::Submission {
 public:
  using Submission::Submission;
  size_t size() const override { return 1; }
  kernel::Operation& at(size_t) override { return operation; }
  RiskOperation operation;
};

// An alert's id tells where it is recorded: the position of the event that opened it.
inline Uuid make_alert_id(Timestamp at, kernel::Position position) {
  return make_uuid7_located(at, position);
}
inline kernel::Position position_of(const Uuid& alert_id) {
  return uuid7_tail(alert_id);
}

// Threads as kernel::Model says. The rules outlive it.
class RiskModel final : public kernel::Model {
 public:
  RiskModel(const RuleSet& rules, size_t wallets_in_memory)
      : rules_(rules), wallets_(wallets_in_memory), alerts_(wallets_in_memory) {}

  Status open(storage::Database& tables) override;
  Status load(std::span<kernel::Submission* const> batch) override;
  bool decide(kernel::Operation& operation, kernel::DecideContext& context) override;
  void encode_answer(const kernel::Operation& operation, std::string& out) const override;
  Status decode_answer(std::string_view stored, kernel::Operation& operation) const override;
  std::unique_ptr<kernel::Changes> take_changes(kernel::RecordNumber record) override;
  void written(kernel::RecordNumber record) override;
  Status forget() override;
  Status replay(kernel::Position position, uint64_t stream, std::string_view event, Timestamp at) override;
  Status write(storage::Connection& connection, std::span<const kernel::Changes* const> changes) override;

 private:
  struct Wallet {
    History history;
    std::vector<kernel::Position> pending;  // its alerts that are not closed; they are in `alerts_`
  };

  Status load(const RiskOperation& operation);
  Status load_wallet(std::string_view wallet_id);
  Status load_alert(kernel::Position no);
  bool report(const Movement& movement, kernel::DecideContext& context);
  bool change(RiskOperation& operation, const ChangeAlert& command, kernel::DecideContext& context);
  kernel::Position record(const Event& event, kernel::DecideContext& context);
  void evolve(kernel::Position position, Timestamp at, const Event& event);
  Receiver evolve(const Moved& event);
  void evolve(kernel::Position position, Timestamp at, const AlertOpened& event);
  void evolve(Timestamp at, const AlertChanged& event);

  const RuleSet& rules_;
  std::unique_ptr<storage::Connection> connection_;
  kernel::PinnedStates<std::string, Wallet, TextHash> wallets_;
  kernel::PinnedStates<kernel::Position, Alert> alerts_;
};

}  // namespace ducat::risk
