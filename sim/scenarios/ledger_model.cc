#include "sim/scenarios/ledger_model.h"

#include "base/bytes.h"
#include "base/check.h"

namespace ducat::sim {
namespace {

using storage::Column;
using storage::ColumnType;

constexpr Column kColumns[] = {
    {"id", ColumnType::kInt64}, {"balance", ColumnType::kInt64}, {"position", ColumnType::kInt64}};
constexpr storage::BulkTable kTable{"account", kColumns, 1, storage::OnConflict::kReplace};
constexpr const char* kCreate =
    "CREATE TABLE IF NOT EXISTS account (id bigint PRIMARY KEY, balance bigint NOT NULL, position bigint NOT "
    "NULL)";

struct Rows : kernel::Changes {
  std::map<uint64_t, AccountRow> accounts;
};

TransferOperation& mine(kernel::Operation& operation) {
  return static_cast<TransferOperation&>(operation);
}

}  // namespace

void encode(const Transfer& transfer, std::string& out) {
  ByteWriter writer(out);
  writer.varint(transfer.from);
  writer.varint(transfer.to);
  writer.zigzag(transfer.amount);
}

Result<Transfer> decode_transfer(std::string_view stored) {
  ByteReader reader(stored);
  Transfer transfer;
  transfer.from = reader.varint();
  transfer.to = reader.varint();
  transfer.amount = reader.zigzag();
  if (!reader.complete()) return fail(Errc::kCorrupt, "a stored transfer cannot be read");
  return transfer;
}

void encode(const TransferAnswer& answer, std::string& out) {
  ByteWriter writer(out);
  writer.zigzag(answer.from_balance);
  writer.zigzag(answer.to_balance);
  writer.varint(answer.position);
}

Result<TransferAnswer> decode_transfer_answer(std::string_view stored) {
  ByteReader reader(stored);
  TransferAnswer answer;
  answer.from_balance = reader.zigzag();
  answer.to_balance = reader.zigzag();
  answer.position = reader.varint();
  if (!reader.complete()) return fail(Errc::kCorrupt, "a stored answer cannot be read");
  return answer;
}

Result<AccountRow> read_account(storage::Connection& connection, uint64_t id) {
  AccountRow row;
  DUCAT_TRY(connection.query("SELECT balance, position FROM account WHERE id = $1",
                             {static_cast<int64_t>(id)}, [&](const storage::Row& found) {
                               row = {found.int64(0), static_cast<kernel::Position>(found.int64(1))};
                             }));
  return row;
}

Result<std::map<uint64_t, AccountRow>> read_accounts(storage::Connection& connection) {
  std::map<uint64_t, AccountRow> rows;
  DUCAT_TRY(connection.query("SELECT id, balance, position FROM account ORDER BY id", {},
                             [&](const storage::Row& row) {
                               rows[static_cast<uint64_t>(row.int64(0))] = {
                                   row.int64(1), static_cast<kernel::Position>(row.int64(2))};
                             }));
  return rows;
}

Status LedgerModel::open(storage::Database& tables) {
  DUCAT_ASSIGN(auto writer, tables.connect(storage::Access::kWriter));
  DUCAT_TRY(writer->script(kCreate));
  DUCAT_ASSIGN(reader_, tables.connect(storage::Access::kReader));
  return {};
}

Status LedgerModel::load_account(uint64_t id) {
  if (accounts_.contains(id)) return {};
  DUCAT_ASSIGN(AccountRow row, read_account(*reader_, id));
  accounts_[id].row = row;
  return {};
}

Status LedgerModel::load(std::span<kernel::Submission* const> batch) {
  for (kernel::Submission* submission : batch) {
    for (size_t i = 0; i < submission->size(); ++i) {
      const Transfer& transfer = mine(submission->at(i)).transfer;
      DUCAT_TRY(load_account(transfer.from));
      DUCAT_TRY(load_account(transfer.to));
    }
  }
  return {};
}

void LedgerModel::set(uint64_t id, AccountRow row) {
  Account& account = accounts_[id];
  if (grouped_) undo_.emplace_back(id, account.row);
  account.row = row;
  account.pinned = kNotTaken;
  touched_[id] = row;
}

void LedgerModel::move(const Transfer& transfer, kernel::Position position) {
  set(transfer.from, {accounts_[transfer.from].row.balance - transfer.amount, position});
  set(transfer.to, {accounts_[transfer.to].row.balance + transfer.amount, position});
}

bool LedgerModel::decide(kernel::Operation& operation, kernel::DecideContext& context) {
  TransferOperation& transfer = mine(operation);
  const Transfer& wanted = transfer.transfer;
  DUCAT_CHECK(wanted.from != wanted.to && wanted.amount > 0, "the workload sends sensible transfers");
  bool covered = wanted.from == kWorldAccount || accounts_.at(wanted.from).row.balance >= wanted.amount;
  if (!covered && bug_ != LedgerBug::kOverdraws) return false;
  kernel::Position position = context.record.next_position();
  move(wanted, position);
  std::string body;
  encode(wanted, body);
  context.record.event(wanted.from, body);
  transfer.answer = {accounts_[wanted.from].row.balance, accounts_[wanted.to].row.balance, position};
  return true;
}

void LedgerModel::encode_answer(const kernel::Operation& operation, std::string& out) const {
  encode(static_cast<const TransferOperation&>(operation).answer, out);
}

Status LedgerModel::decode_answer(std::string_view stored, kernel::Operation& operation) const {
  DUCAT_ASSIGN(mine(operation).answer, decode_transfer_answer(stored));
  return {};
}

void LedgerModel::end_group() {
  grouped_ = false;
  undo_.clear();
}

void LedgerModel::undo_group() {
  if (bug_ == LedgerBug::kForgetsUndo) return;
  // What is restored counts as touched: writing an unchanged row does no harm.
  for (auto change = undo_.rbegin(); change != undo_.rend(); ++change) {
    accounts_[change->first].row = change->second;
    touched_[change->first] = change->second;
  }
}

std::unique_ptr<kernel::Changes> LedgerModel::take_changes(kernel::RecordNumber record) {
  if (touched_.empty()) return nullptr;
  auto rows = std::make_unique<Rows>();
  for (const auto& [id, row] : touched_) accounts_[id].pinned = record;
  rows->accounts.swap(touched_);
  if (bug_ == LedgerBug::kUnpinsTooEarly) accounts_.clear();
  if (bug_ == LedgerBug::kWritesHalf && record % 16 == 0) rows->accounts.erase(rows->accounts.begin());
  return rows;
}

void LedgerModel::written(kernel::RecordNumber record) {
  // Nothing that is written stays, so that every decision has to read: the hardest case for the order of
  // things.
  std::erase_if(accounts_, [&](const auto& entry) { return entry.second.pinned <= record; });
}

Status LedgerModel::forget() {
  accounts_.clear();
  touched_.clear();
  return {};
}

Status LedgerModel::replay(kernel::Position position, uint64_t stream, std::string_view event, Timestamp) {
  DUCAT_ASSIGN(Transfer transfer, decode_transfer(event));
  if (stream != transfer.from) return fail(Errc::kCorrupt, "an event in a stream that is not its own");
  DUCAT_TRY(load_account(transfer.from));
  DUCAT_TRY(load_account(transfer.to));
  move(transfer, position);
  return {};
}

Status LedgerModel::write(storage::Connection& connection, std::span<const kernel::Changes* const> changes) {
  std::map<uint64_t, AccountRow> newest;
  for (const kernel::Changes* change : changes) {
    for (const auto& [id, row] : static_cast<const Rows*>(change)->accounts) newest[id] = row;
  }
  storage::ColumnBatch batch(kColumns);
  for (const auto& [id, row] : newest) {
    if (row.position == 0) continue;  // touched only by a group that was undone
    batch.add(static_cast<int64_t>(id));
    batch.add(row.balance);
    batch.add(static_cast<int64_t>(row.position));
  }
  return connection.write(kTable, batch);
}

}  // namespace ducat::sim
