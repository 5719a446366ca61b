#include "sim/scenarios/ledger_history.h"

#include <set>

#include "base/hash.h"

namespace ducat::sim {
namespace {

std::string to_text(const TransferAnswer& answer) {
  return "(" + std::to_string(answer.from_balance) + ", " + std::to_string(answer.to_balance) + ", at " +
         std::to_string(answer.position) + ")";
}

}  // namespace

uint64_t fingerprint_of(const Transfer& transfer) {
  std::string bytes;
  encode(transfer, bytes);
  return hash64(bytes);
}

Status LedgerHistory::acknowledged(const std::string& key, const TransferAnswer& answer) {
  Told& told = told_.at(key);
  if (told.acknowledged && told.answer != answer) {
    return fail(Errc::kCorrupt,
                "key " + key + " was answered " + to_text(told.answer) + " and then " + to_text(answer));
  }
  told.acknowledged = true;
  told.answer = answer;
  return {};
}

// Keeps the first thing that is wrong.
class LedgerHistory::Fold final : public kernel::RecordVisitor {
 public:
  explicit Fold(std::map<std::string, Told>& told) : told_(told) {}

  void on_event(kernel::Position position, uint64_t, std::string_view body) override {
    if (open_) broken("the event before position " + std::to_string(position) + " has no key");
    auto transfer = decode_transfer(body);
    if (!transfer) return broken(transfer.error().message);
    last_ = *transfer;
    open_ = true;
    position_ = position;
    accounts[last_.from] = {accounts[last_.from].balance - last_.amount, position};
    accounts[last_.to] = {accounts[last_.to].balance + last_.amount, position};
    if (last_.from != kWorldAccount && accounts[last_.from].balance < 0) {
      broken("account " + std::to_string(last_.from) + " is overdrawn at position " +
             std::to_string(position));
    }
  }

  void on_key(std::string_view key, uint64_t fingerprint, std::string_view stored) override {
    std::string name(key);
    auto found = told_.find(name);
    if (found == told_.end()) return broken("key " + name + " was never sent");
    Told& told = found->second;
    if (!seen_.insert(name).second) return broken("key " + name + " was applied twice");
    if (!open_ || last_ != told.transfer)
      return broken("key " + name + " has another event than was asked for");
    open_ = false;
    if (fingerprint != fingerprint_of(told.transfer))
      return broken("key " + name + " has another fingerprint");
    auto answer = decode_transfer_answer(stored);
    if (!answer) return broken(answer.error().message);
    TransferAnswer due{accounts[last_.from].balance, accounts[last_.to].balance, position_};
    if (*answer != due)
      broken("key " + name + " stored " + to_text(*answer) + ", its state was " + to_text(due));
    if (told.acknowledged && told.answer != *answer) {
      broken("key " + name + " was answered " + to_text(told.answer) + ", stored is " + to_text(*answer));
    }
    told.acknowledged = true;
    told.answer = *answer;
  }

  void end_record(kernel::RecordNumber record) {
    if (open_) broken("record " + std::to_string(record) + " ends with an event without a key");
    int64_t sum = 0;
    for (const auto& [id, row] : accounts) sum += row.balance;
    if (sum != 0)
      broken("money was made: record " + std::to_string(record) + " sums to " + std::to_string(sum));
  }

  void end() {
    for (const auto& [key, told] : told_) {
      if (told.acknowledged && !seen_.contains(key))
        broken("lost: key " + key + " was acknowledged and is not there");
    }
  }

  std::map<uint64_t, AccountRow> accounts;
  Status status;

 private:
  void broken(std::string what) {
    if (status) status = fail(Errc::kCorrupt, std::move(what));
  }

  std::map<std::string, Told>& told_;
  std::set<std::string> seen_;
  Transfer last_;
  kernel::Position position_ = 0;
  bool open_ = false;  // an event whose key has not come yet
};

Result<std::map<uint64_t, AccountRow>> LedgerHistory::check(kernel::JournalReader& journal) {
  Fold fold(told_);
  auto read = journal.read(0, [&](const kernel::Record& record) -> Status {
    DUCAT_TRY(kernel::visit(record, fold));
    fold.end_record(record.number);
    return std::move(fold.status);
  });
  if (!read) return propagate(read);
  fold.end();
  DUCAT_TRY(std::move(fold.status));
  return std::move(fold.accounts);
}

}  // namespace ducat::sim
