// The wallet as the engine's model: states in memory, the domain's rules, the tables behind.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "kernel/engine/model.h"
#include "services/wallet/wallet_cache.h"
#include "services/wallet/wallet_command.h"

namespace ducat::wallet {

struct WalletModelOptions {
  uint32_t shard = 0;
  size_t wallets_in_memory = 1'000'000;
  size_t shards = 1;  // of which this is one
};

// Threads as kernel::Model says. Holds no rule: it finds the states, asks the domain, and puts the events
// where they belong.
class WalletModel final : public kernel::Model {
 public:
  explicit WalletModel(WalletModelOptions options) : options_(options), cache_(options.wallets_in_memory) {}

  Status open(storage::Database& tables) override;
  Status load(std::span<kernel::Submission* const> batch) override;
  bool decide(kernel::Operation& operation, kernel::DecideContext& context) override;
  void encode_answer(const kernel::Operation& operation, std::string& out) const override;
  Status decode_answer(std::string_view stored, kernel::Operation& operation) const override;
  void begin_group() override;
  void end_group() override;
  void undo_group() override;
  std::unique_ptr<kernel::Changes> take_changes(kernel::RecordNumber record) override;
  void written(kernel::RecordNumber record) override;
  Status forget() override;
  Status replay(Position position, uint64_t stream, std::string_view event, Timestamp at) override;
  Status write(storage::Connection& connection, std::span<const kernel::Changes* const> changes) override;

 private:
  struct CachedHold {
    StoredHold stored;
    kernel::RecordNumber pinned_by = 0;
    bool touched = false;
  };
  // What a group has changed, to be taken back in reverse order.
  struct Undo {
    CachedWallet* wallet = nullptr;
    StoredWallet before = {};
    bool was_touched = false;
    bool created = false;
    Position hold_no = 0;  // not 0: a hold
    std::optional<CachedHold> hold_before = std::nullopt;
  };

  Decision judge(WalletOperation& operation, CachedWallet* wallet, CachedWallet* other,
                 const Context& context);
  void emit(std::string_view wallet_id, CachedWallet*& wallet, const Event& event,
            kernel::RecordBuilder& record);
  void evolve_wallet(CachedWallet& wallet, const Event& event, Position position, std::string_view body);
  Status evolve_hold(const CachedWallet& wallet, const Event& event, Position position);
  void book(const Event& event);
  CachedWallet& create(std::string_view id);
  void touch(CachedWallet& wallet);
  CachedHold* touch_hold(Position no);
  CachedHold* find_hold(const HoldId& id);
  Status load_hold(const HoldId& id);
  void fill_answer(WalletOperation& operation, const CachedWallet* wallet);
  void expire_first(const WalletOperation& operation, CachedWallet* wallet, kernel::DecideContext& context);

  const WalletModelOptions options_;
  std::unique_ptr<storage::Connection> connection_;
  WalletCache cache_;
  std::map<Position, CachedHold> holds_;
  std::map<std::pair<AccountKind, Currency>, int64_t> accounts_;
  bool accounts_touched_ = false;
  uint64_t next_wallet_no_ = 1;

  std::unique_ptr<WalletChanges> changes_;
  std::vector<CachedWallet*> touched_;
  std::vector<Position> touched_holds_;
  std::string body_;  // scratch

  bool in_group_ = false;
  std::vector<Undo> undo_;
  std::map<std::pair<AccountKind, Currency>, int64_t> accounts_before_;
  size_t group_events_ = 0;
  size_t group_bytes_ = 0;
  uint64_t group_next_no_ = 0;
};

}  // namespace ducat::wallet
