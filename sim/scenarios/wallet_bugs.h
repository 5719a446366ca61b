// Bugs of a wallet service, to plant: wallet-crashes must find each of them.
#pragma once

#include "services/wallet/wallet_model.h"

namespace ducat::sim {

enum class WalletBug {
  kNone,
  kUnsyncedJournal,   // a commit does not wait for the disk
  kTrustsDoubtful,    // a start keeps tables whose sync had failed
  kCreditsAgain,      // a credit between shards leaves no key, so finishing after a crash repeats it
  kKeepsReservation,  // compensation says it is done and frees nothing
  kForgetsLimit,      // a daily limit is lost when its event is replayed
  kNeverExpires,      // holds whose time is over stay
};

// The real model, with one of the bugs that are a model's.
class BuggyWallets final : public kernel::Model {
 public:
  BuggyWallets(wallet::WalletModel& wallets, WalletBug bug) : wallets_(wallets), bug_(bug) {}

  Status open(storage::Database& tables) override { return wallets_.open(tables); }
  Status load(std::span<kernel::Submission* const> batch) override { return wallets_.load(batch); }
  bool decide(kernel::Operation& operation, kernel::DecideContext& context) override;
  void encode_answer(const kernel::Operation& operation, std::string& out) const override {
    wallets_.encode_answer(operation, out);
  }
  Status decode_answer(std::string_view stored, kernel::Operation& operation) const override {
    return wallets_.decode_answer(stored, operation);
  }
  void begin_group() override { wallets_.begin_group(); }
  void end_group() override { wallets_.end_group(); }
  void undo_group() override { wallets_.undo_group(); }
  std::unique_ptr<kernel::Changes> take_changes(kernel::RecordNumber record) override {
    return wallets_.take_changes(record);
  }
  void written(kernel::RecordNumber record) override { wallets_.written(record); }
  Status forget() override { return wallets_.forget(); }
  Status replay(kernel::Position position, uint64_t stream, std::string_view event, Timestamp at) override;
  Status write(storage::Connection& connection, std::span<const kernel::Changes* const> changes) override {
    return wallets_.write(connection, changes);
  }

 private:
  wallet::WalletModel& wallets_;
  const WalletBug bug_;
};

}  // namespace ducat::sim
