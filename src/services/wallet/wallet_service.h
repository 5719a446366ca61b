// The wallet's service: carries out commands and reads, for whoever calls (HTTP, the command line, the
// simulator). Reads, decides (by the engine), writes; holds no rule.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kernel/engine/engine.h"
#include "kernel/engine/follower_cache.h"
#include "platform/runtime/task.h"
#include "platform/storage/reader_pool.h"
#include "services/wallet/store/queries.h"
#include "services/wallet/wallet_command.h"

namespace ducat::wallet {

// What a caller wants done. Views in `command` and `request_id` live as long as the request does.
struct WalletRequest {
  std::string_view wallet_id;
  std::string_view request_id;
  std::string key;  // caller, operation and idempotency key; empty: none
  uint64_t fingerprint = 0;
  Command command;
  Timestamp not_after{INT64_MAX};  // kernel::Operation::not_after
};

struct WalletOutcome {
  kernel::Verdict verdict = kernel::Verdict::kUnavailable;
  Answer answer;
  Refusal refusal;
  bool still_running =
      false;  // with kUnavailable: a transfer of this key is under way and took too long to wait for
};

// One shard: an engine with its tables.
struct WalletShard {
  kernel::Engine& engine;
  storage::ReaderPool& readers;
  kernel::FollowerCache* copies = nullptr;  // of wallets, while we follow; null: none
};

struct WalletServiceOptions {
  Duration saga_stuck_after = Duration::seconds(60);  // a transfer between shards that nobody finishes
  Duration wait_for_running = Duration::seconds(10);
  // The keys' life, in quarters. A credit's key is believed for a quarter of it; a transfer that was reserved
  // longer ago is looked for in the receiver's history. A clock set back by no more than a quarter is allowed
  // for.
  Duration quarter_of_key_life = Duration::seconds(6 * 3600);
};

// A page of a history, newest first.
struct HistoryPage {
  std::vector<StoredEvent> events;
  Position next = 0;  // where the next page starts; 0: this is the last
};

// Which of a wallet's holds; newest first.
struct HoldFilter {
  std::string state;  // "HELD" and so on; empty: all
  int64_t limit = 100;
  int64_t offset = 0;
};

// What is known of a transfer.
struct TransferView {
  std::string from, to;
  SagaId saga;
  int64_t amount = 0;
  Currency currency = Currency::kNone;
  std::string state;  // DEBITED, COMPLETED, COMPENSATED
  std::string reason;
  std::string request_id;
  Timestamp created_at, updated_at;
  bool across_shards = false;
};

// Thread-safe. Tasks must have ended before it is destroyed.
class WalletService {
 public:
  WalletService(std::vector<WalletShard> shards, Clock& clock, Timers& timers, WalletServiceOptions options)
      : shards_(std::move(shards)), clock_(clock), timers_(timers), options_(options) {}

  // The request must live until the task has ended.
  Task<WalletOutcome> run(const WalletRequest& request, Executor& home);
  // All of them, each judged on the state the earlier ones left. Atomic: all in one shard, or nothing is done
  // and the answer is empty.
  Task<std::vector<WalletOutcome>> run_batch(const std::vector<WalletRequest>& requests, bool atomic,
                                             Executor& home);

  // A page of at most `limit` events: from `from` on if it is not 0, else after skipping `offset`.
  Task<Result<HistoryPage>> history(std::string_view wallet_id, int64_t limit, int64_t offset, Position from,
                                    Executor& home);
  // The wallet's newest event at or before the time.
  Task<Result<std::optional<StoredEvent>>> at(std::string_view wallet_id, Timestamp time, Executor& home);
  Task<Result<std::vector<StoredHold>>> holds(std::string_view wallet_id, HoldFilter filter, Executor& home);
  Task<Result<std::optional<TransferView>>> transfer(SagaId saga, Executor& home);

  // Ends holds whose time is over, and finishes transfers between shards that were left open; answers how
  // many it has ended.
  Task<Result<size_t>> expire_holds(size_t shard, Executor& home);
  Task<Result<size_t>> finish_transfers(size_t shard, Executor& home);

  size_t shard_of(std::string_view wallet_id) const;
  size_t shards() const { return shards_.size(); }

 private:
  class RunningSaga;

  Task<WalletOutcome> submit(size_t shard, const WalletRequest& request, Executor& home);
  Task<WalletOutcome> read_wallet(const WalletRequest& request, Executor& home);
  Task<WalletOutcome> transfer_across(const WalletRequest& request, Executor& home);
  Task<WalletOutcome> finish_transfer(SagaId saga, std::string_view from, std::string_view to, Money amount,
                                      std::string_view request_id, Timestamp reserved_at, Executor& home);
  Task<Result<bool>> was_credited(SagaId saga, std::string_view to, Timestamp since, Executor& home);
  Task<Result<StoredWallet>> look(std::string_view wallet_id, Executor& home, kernel::RecordNumber& seen);
  Task<bool> release_key(const WalletRequest& request, SagaId compensated, Executor& home);
  bool crosses_shards(const WalletRequest& request) const;

  std::vector<WalletShard> shards_;
  Clock& clock_;
  Timers& timers_;
  const WalletServiceOptions options_;
  std::mutex mutex_;
  std::set<SagaId> running_;  // transfers between shards that somebody here is finishing
};

}  // namespace ducat::wallet
