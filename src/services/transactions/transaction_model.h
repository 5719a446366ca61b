// Transactions as the engine's model: the visible versions and the open changes in memory, the domain's
// rules, the tables behind.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kernel/engine/model.h"
#include "services/transactions/transaction_cache.h"
#include "services/transactions/transaction_command.h"

namespace ducat::transactions {

struct TransactionModelOptions {
  Duration audit_timeout = Duration::seconds(10);               // what is open for longer may be rolled back
  Duration deleted_retention = Duration::seconds(30 * 86'400);  // how long a delete may be taken back
  size_t transactions_in_memory = 200'000;
  size_t open_changes = 100'000;  // more are refused
};

// Threads as kernel::Model says. Holds no rule but one: a transaction, and an idempotency key, has one open
// change at a time.
class TransactionModel final : public kernel::Model {
 public:
  explicit TransactionModel(TransactionModelOptions options)
      : options_(options), cache_(options.transactions_in_memory) {}

  Status open(storage::Database& tables) override;
  Status load(std::span<kernel::Submission* const> batch) override;
  bool decide(kernel::Operation& operation, kernel::DecideContext& context) override;
  void encode_answer(const kernel::Operation& operation, std::string& out) const override;
  Status decode_answer(std::string_view stored, kernel::Operation& operation) const override;
  std::unique_ptr<kernel::Changes> take_changes(kernel::RecordNumber record) override;
  void written(kernel::RecordNumber record) override;
  Status forget() override;
  Status replay(Position position, uint64_t stream, std::string_view event, Timestamp at) override;
  Status write(storage::Connection& connection, std::span<const kernel::Changes* const> changes) override;

 private:
  struct Open {
    Position position = 0;
    OpenChange change;
  };

  // One for each kind of command; false: refused.
  bool carry_out(const ReadTransaction& command, TransactionOperation& operation, kernel::DecideContext&);
  bool carry_out(const CreateTransaction& command, TransactionOperation& operation, kernel::DecideContext&);
  template <typename ChangeCommand>
  bool carry_out(const ChangeCommand& command, TransactionOperation& operation, kernel::DecideContext&);
  bool carry_out(const ConfirmChange& command, TransactionOperation& operation, kernel::DecideContext&);
  bool carry_out(const RollBackChange& command, TransactionOperation& operation, kernel::DecideContext&);
  bool carry_out(const RollBackOverdue& command, TransactionOperation& operation, kernel::DecideContext&);
  bool carry_out(const PurgeTransaction& command, TransactionOperation& operation, kernel::DecideContext&);

  bool propose(Decision decision, TransactionOperation& operation, kernel::DecideContext& context);
  bool may_propose(TransactionOperation& operation);
  Context context_of(const TransactionOperation& operation, const kernel::DecideContext& context) const;
  TransactionRef find(const TransactionId& id);
  const Open* find_open(const CorrelationId& correlation) const;

  void emit(const TransactionId& transaction, const Event& event, kernel::RecordBuilder& record);
  // What an event does to the state in memory and to the rows.
  void evolve(const ChangeProposed& event, Position position, std::string_view body);
  void evolve(const ChangeConfirmed& event, Position position, std::string_view body);
  void evolve(const ChangeRolledBack& event, Position position, std::string_view body);
  void evolve(const TransactionPurged& event, Position position, std::string_view body);
  void add_open(Position position, OpenChange change);
  void close(const CorrelationId& correlation);
  void touch(Position number, TransactionRef transaction);
  TransactionChanges& changes();

  const TransactionModelOptions options_;
  std::unique_ptr<storage::Connection> connection_;
  TransactionCache cache_;
  std::map<CorrelationId, Open> open_;
  std::map<TransactionId, CorrelationId> open_transactions_;
  std::map<std::string_view, CorrelationId> open_keys_;  // views into open_

  std::unique_ptr<TransactionChanges> changes_;
  std::vector<Position> touched_;
  std::string body_;  // scratch
};

}  // namespace ducat::transactions
