// The smallest service that has everything the kernel promises something about: accounts, and transfers
// between them with an answer. Account 0 is the world, from which deposits come; it alone may be negative. It
// stands in for services in scenarios of the kernel itself, and carries the bugs that those scenarios must
// find.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "kernel/engine/model.h"
#include "kernel/engine/submission.h"
#include "platform/storage/database.h"

namespace ducat::sim {

constexpr uint64_t kWorldAccount = 0;

struct Transfer {
  uint64_t from = 0;
  uint64_t to = 0;
  int64_t amount = 0;
  bool operator==(const Transfer&) const = default;
};

struct TransferAnswer {
  int64_t from_balance = 0;  // after it
  int64_t to_balance = 0;
  kernel::Position position = 0;
  bool operator==(const TransferAnswer&) const = default;
};

struct TransferOperation : kernel::Operation {
  Transfer transfer;
  TransferAnswer answer;
  bool acknowledged_before = false;  // when it was sent: it is a repeat
};

struct TransferSubmission : kernel::Submission {
  using Submission::Submission;
  std::vector<TransferOperation> operations;
  size_t size() const override { return operations.size(); }
  kernel::Operation& at(size_t index) override { return operations[index]; }
};

// Stored forms.
void encode(const Transfer& transfer, std::string& out);
Result<Transfer> decode_transfer(std::string_view stored);
void encode(const TransferAnswer& answer, std::string& out);
Result<TransferAnswer> decode_transfer_answer(std::string_view stored);

struct AccountRow {
  int64_t balance = 0;
  kernel::Position position = 0;  // of the last event that moved it
  bool operator==(const AccountRow&) const = default;
};

// Bugs to plant.
enum class LedgerBug {
  kNone,
  kOverdraws,       // does not look at the balance
  kForgetsUndo,     // a refused group leaves its first changes in memory
  kUnpinsTooEarly,  // drops a changed state from memory before the tables have it
  kWritesHalf,      // the tables get only one side of a transfer
};

// Keeps in memory what has not been written yet, reads the rest from the table. One thread, `write` another.
class LedgerModel final : public kernel::Model {
 public:
  explicit LedgerModel(LedgerBug bug = LedgerBug::kNone) : bug_(bug) {}

  Status open(storage::Database& tables) override;
  Status load(std::span<kernel::Submission* const> batch) override;
  bool decide(kernel::Operation& operation, kernel::DecideContext& context) override;
  void encode_answer(const kernel::Operation& operation, std::string& out) const override;
  Status decode_answer(std::string_view stored, kernel::Operation& operation) const override;
  void begin_group() override { grouped_ = true; }
  void end_group() override;
  void undo_group() override;
  std::unique_ptr<kernel::Changes> take_changes(kernel::RecordNumber record) override;
  void written(kernel::RecordNumber record) override;
  Status forget() override;
  Status replay(kernel::Position position, uint64_t stream, std::string_view event, Timestamp at) override;
  Status write(storage::Connection& connection, std::span<const kernel::Changes* const> changes) override;

 private:
  struct Account {
    AccountRow row;
    kernel::RecordNumber pinned =
        0;  // the tables lack changes up to this record; kNotTaken: no record has it yet
  };
  static constexpr kernel::RecordNumber kNotTaken = ~kernel::RecordNumber{0};

  Status load_account(uint64_t id);
  void move(const Transfer& transfer, kernel::Position position);
  void set(uint64_t id, AccountRow row);

  LedgerBug bug_;
  std::unique_ptr<storage::Connection> reader_;
  std::map<uint64_t, Account> accounts_;
  std::map<uint64_t, AccountRow> touched_;
  std::vector<std::pair<uint64_t, AccountRow>> undo_;
  bool grouped_ = false;
};

// One account's row; zeros if there is none. The whole table, too.
Result<AccountRow> read_account(storage::Connection& connection, uint64_t id);
Result<std::map<uint64_t, AccountRow>> read_accounts(storage::Connection& connection);

}  // namespace ducat::sim
