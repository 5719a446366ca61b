// A wallet command on its way through the engine, and its answer on the way back.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/hash.h"
#include "kernel/engine/submission.h"
#include "services/wallet/domain/commands.h"
#include "services/wallet/store/tables.h"

namespace ducat::wallet {

// Reads a wallet as of now, in the order of the commands around it.
struct ReadWallet {};
// Reads a hold of that wallet as of now; a transfer's reservation too.
struct ReadHold {
  HoldId hold;
};
// Gives back the key of a transfer between shards that was compensated, so that it is judged anew: refused if
// the key stands for another one by now. With `frees_key`.
struct ReleaseKey {
  SagaId compensated;
};

using Command =
    std::variant<ReadWallet, ReadHold, ReleaseKey, Deposit, Withdraw, Transfer, ReserveTransfer,
                 CreditTransfer, SettleTransfer, CompensateTransfer, PlaceHold, CaptureHold, VoidHold,
                 ExpireHold, FreezeWallet, UnfreezeWallet, CloseWallet, SetDailyLimit, SetCreditLimit>;

// What an accepted command answers: the wallet it was sent to as the command left it, and the hold or
// transfer it was about. Stored with the idempotency key, so that a repeat gets the same.
struct Answer {
  bool exists = false;  // ReadWallet of one that is not there: false
  StoredWallet wallet;
  HoldId hold_id;  // none: the command is not about one, or there is none
  Hold hold;
  SagaId saga;
};

// An answer in stored form, and back; kCorrupt.
void encode_answer(const Answer& answer, std::string& out);
Status decode_answer(std::string_view stored, Answer& answer);

// The shard a wallet belongs to, of that many: fixed by its id.
inline size_t shard_of_wallet(std::string_view id, size_t shards) {
  return shards == 1 ? 0 : hash64(id) % shards;
}

// All views live as long as the operation; the caller keeps what they point to.
struct WalletOperation final : kernel::Operation {
  std::string_view wallet_id;   // the sender's, for a transfer
  std::string_view request_id;  // for the events' metadata
  Command command;

  Answer answer;      // kAccepted, kReplayed
  size_t events = 0;  // kAccepted: how many it made; none if it was done already
  Refusal refusal;    // kRefused
};

// One or more wallet operations that are answered together.
class WalletSubmission final : public kernel::Submission {
 public:
  using Submission::Submission;
  size_t size() const override { return operations.size(); }
  kernel::Operation& at(size_t index) override { return operations[index]; }
  std::vector<WalletOperation> operations;
};

// A submission of one, without the vector.
class SingleSubmission final : public kernel::Submission {
 public:
  using Submission::Submission;
  size_t size() const override { return 1; }
  kernel::Operation& at(size_t) override { return operation; }
  WalletOperation operation;
};

// Hold and saga ids tell where they are recorded: the shard, and the position of the event that made them.
inline constexpr int kPositionBits = 54;
inline Uuid make_located_id(Timestamp now, uint32_t shard, Position position) {
  return make_uuid7_located(now, uint64_t{shard} << kPositionBits | position);
}
inline uint32_t shard_of_id(const Uuid& id) {
  return static_cast<uint32_t>(uuid7_tail(id) >> kPositionBits);
}
inline Position position_of_id(const Uuid& id) {
  return uuid7_tail(id) & ((uint64_t{1} << kPositionBits) - 1);
}

}  // namespace ducat::wallet
