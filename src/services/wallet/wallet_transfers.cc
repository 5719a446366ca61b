// Transfers between shards: a saga of three commits. The sender's shard holds the money (and thereby records
// that the transfer is under way), the receiver's shard credits it, the sender's shard turns the hold into a
// withdrawal or gives it back. The hold is the saga's state: HELD is DEBITED, CAPTURED is COMPLETED, VOIDED
// is COMPENSATED.
//
// Why money is neither lost nor doubled: the credit carries the saga's id as its key, so it happens once
// however often it is tried; the hold ends once, by the domain's rules; and only one task at a time finishes
// a given saga
// (`running_`, in the process that leads the sender's shard), so that no task gives the money back while
// another credits it. A crash leaves the hold HELD, and `finish_transfers` goes on from there.
#include "services/wallet/store/event_codec.h"
#include "services/wallet/wallet_service.h"

namespace ducat::wallet {
namespace {

using kernel::Verdict;

constexpr Duration kPoll = Duration::millis(20);
constexpr Duration kStepPause = Duration::millis(100);
constexpr int kStepTries = 20;

bool decided(Verdict verdict) {
  return verdict == Verdict::kAccepted || verdict == Verdict::kReplayed;
}

std::string credit_key(const SagaId& saga) {
  return "saga\x1f"
         "credit\x1f" +
         saga.uuid.to_string();
}

}  // namespace

// Registers a saga as being finished here, if nobody does it already.
class WalletService::RunningSaga {
 public:
  RunningSaga(WalletService& service, SagaId saga) : service_(service), saga_(saga) {
    std::lock_guard lock(service_.mutex_);
    mine_ = service_.running_.insert(saga_).second;
  }
  ~RunningSaga() {
    if (!mine_) return;
    std::lock_guard lock(service_.mutex_);
    service_.running_.erase(saga_);
  }
  RunningSaga(const RunningSaga&) = delete;
  RunningSaga& operator=(const RunningSaga&) = delete;
  bool mine() const { return mine_; }

 private:
  WalletService& service_;
  SagaId saga_;
  bool mine_;
};

Task<WalletOutcome> WalletService::transfer_across(const WalletRequest& request, Executor& home) {
  const auto& wanted = std::get<Transfer>(request.command);
  size_t shard = shard_of(request.wallet_id);
  Timestamp give_up = clock_.monotonic() + options_.wait_for_running;
  WalletRequest reserve = request;
  reserve.command = ReserveTransfer{wanted.from_id, wanted.to_id, wanted.amount};
  for (;;) {
    WalletOutcome reserved = co_await submit(shard, reserve, home);
    if (!decided(reserved.verdict)) co_return reserved;
    SagaId saga = reserved.answer.saga;
    bool repeat = reserved.verdict == Verdict::kReplayed;
    Money amount{reserved.answer.hold.amount, reserved.answer.wallet.state.currency};
    WalletOutcome finished;
    bool compensated = false;
    for (;;) {
      RunningSaga running(*this, saga);
      if (running.mine()) {
        WalletRequest ask = request;
        ask.key.clear();
        ask.command = ReadHold{{saga.uuid}};
        WalletOutcome hold = co_await submit(shard, ask, home);
        if (hold.verdict != Verdict::kAccepted) co_return hold;
        if (hold.answer.hold.state == HoldState::kHeld) {
          finished = co_await finish_transfer(saga, request.wallet_id, wanted.to_id, amount,
                                              request.request_id, hold.answer.hold.created_at, home);
        } else {
          finished = reserved;
          finished.verdict = Verdict::kReplayed;
          compensated = hold.answer.hold.state != HoldState::kCaptured;
        }
        break;
      }
      if (clock_.monotonic() >= give_up) {
        WalletOutcome late;
        late.still_running = true;
        co_return late;
      }
      co_await pause(timers_, home, kPoll);
    }
    if (compensated) {
      // The last try was refused by the receiver's shard. A refusal is not kept: its key is given back, and
      // this one is judged anew.
      bool in_time = clock_.monotonic() < give_up;
      if (!in_time || !co_await release_key(request, saga, home)) co_return WalletOutcome();
      continue;
    }
    finished.answer.saga = saga;
    if (repeat && finished.verdict == Verdict::kAccepted) finished.verdict = Verdict::kReplayed;
    co_return finished;
  }
}

// False: it could not be written. Where several callers come to it, one gives the key back and the others
// find that it stands for something else.
Task<bool> WalletService::release_key(const WalletRequest& request, SagaId compensated, Executor& home) {
  WalletRequest release = request;
  release.command = ReleaseKey{compensated};
  WalletOutcome released = co_await submit(shard_of(request.wallet_id), release, home);
  co_return released.verdict != Verdict::kUnavailable;
}

// Credits, then settles or compensates. The outcome is the transfer's; kUnavailable leaves it to
// `finish_transfers`. The credit is not tried when its key could have been forgotten: an earlier try may have
// happened. (Receivers' clocks are behind `reserved_at` by a quarter at most, so at three quarters of its
// life the key is still known.)
Task<WalletOutcome> WalletService::finish_transfer(SagaId saga, std::string_view from, std::string_view to,
                                                   Money amount, std::string_view request_id,
                                                   Timestamp reserved_at, Executor& home) {
  WalletRequest credit;
  credit.wallet_id = to;
  credit.request_id = request_id;
  credit.key = credit_key(saga);
  credit.command = CreditTransfer{saga, from, to, amount};
  credit.not_after = reserved_at + options_.quarter_of_key_life + options_.quarter_of_key_life;
  WalletOutcome credited = co_await submit(shard_of(to), credit, home);
  for (int i = 1; i < kStepTries && credited.verdict == Verdict::kUnavailable; ++i) {
    co_await pause(timers_, home, kStepPause);
    credited = co_await submit(shard_of(to), credit, home);
  }
  if (credited.verdict == Verdict::kUnavailable) co_return credited;

  std::string reason;
  WalletRequest end;
  end.wallet_id = from;
  end.request_id = request_id;
  if (decided(credited.verdict)) {
    end.command = SettleTransfer{saga, to};
  } else {
    reason = render(credited.refusal, from, to).type;
    end.command = CompensateTransfer{saga, to, reason};
  }
  WalletOutcome ended = co_await submit(shard_of(from), end, home);
  for (int i = 1; i < kStepTries && ended.verdict == Verdict::kUnavailable; ++i) {
    co_await pause(timers_, home, kStepPause);
    ended = co_await submit(shard_of(from), end, home);
  }
  if (ended.verdict != Verdict::kAccepted) {
    ended.verdict = Verdict::kUnavailable;
    co_return ended;
  }
  if (!decided(credited.verdict)) co_return credited;
  co_return ended;
}

// Whether the receiver's history has the saga's credit: for sagas so old that the credit's key may have
// expired.
Task<Result<bool>> WalletService::was_credited(SagaId saga, std::string_view to, Timestamp since,
                                               Executor& home) {
  constexpr int64_t kPage = 500;
  Position from = 0;
  for (;;) {
    Result<HistoryPage> page = co_await history(to, kPage, 0, from, home);
    if (!page) co_return propagate(page);
    for (const StoredEvent& stored : page->events) {
      // The shards' clocks may differ.
      if (stored.at < since - options_.quarter_of_key_life) co_return false;
      Result<StoredEventView> decoded = decode_view(stored.body);
      if (!decoded) co_return propagate(decoded);
      if (decoded->event.type == EventType::kFundsDeposited && decoded->event.saga == saga) co_return true;
    }
    if (page->next == 0) co_return false;
    from = page->next;
  }
}

Task<Result<size_t>> WalletService::finish_transfers(size_t index, Executor& home) {
  constexpr int64_t kAtOnce = 100;
  struct Open {
    StoredHold hold;
    NamedWallet from;
  };
  Timestamp before = clock_.now() - options_.saga_stuck_after;
  auto find = [before](storage::Connection& connection) -> Result<std::vector<Open>> {
    std::vector<Open> open;
    DUCAT_ASSIGN(std::vector<StoredHold> holds, open_transfers(connection, before, kAtOnce));
    for (StoredHold& hold : holds) {
      DUCAT_ASSIGN(std::optional<NamedWallet> from, find_wallet(connection, hold.wallet));
      if (from) open.push_back({std::move(hold), std::move(*from)});
    }
    return open;
  };
  auto open = co_await shards_[index].readers.read<std::vector<Open>>(home, find);
  if (!open) co_return propagate(open);
  size_t finished = 0;
  for (const Open& transfer : *open) {
    SagaId saga{transfer.hold.id.uuid};
    RunningSaga running(*this, saga);
    if (!running.mine()) continue;
    // The table may be behind: what was ended meanwhile is left alone.
    WalletRequest ask;
    ask.wallet_id = transfer.from.id;
    ask.command = ReadHold{transfer.hold.id};
    WalletOutcome hold = co_await submit(index, ask, home);
    if (hold.verdict != Verdict::kAccepted || hold.answer.hold.state != HoldState::kHeld) continue;
    Money amount{transfer.hold.hold.amount, transfer.from.wallet.state.currency};
    Timestamp now = clock_.now();
    Timestamp reserved_at = transfer.hold.hold.created_at;
    if (reserved_at < now - options_.quarter_of_key_life) {
      auto credited = co_await was_credited(saga, transfer.hold.counterparty, reserved_at, home);
      if (!credited) co_return propagate(credited);
      if (*credited) {
        WalletRequest settle;
        settle.wallet_id = transfer.from.id;
        settle.request_id = transfer.hold.request_id;
        settle.command = SettleTransfer{saga, transfer.hold.counterparty};
        finished += (co_await submit(index, settle, home)).verdict == Verdict::kAccepted;
        continue;
      }
      reserved_at = now;  // there was no credit until now
    }
    WalletOutcome outcome = co_await finish_transfer(saga, transfer.from.id, transfer.hold.counterparty,
                                                     amount, transfer.hold.request_id, reserved_at, home);
    finished += outcome.verdict != Verdict::kUnavailable;
  }
  co_return finished;
}

Task<Result<std::optional<TransferView>>> WalletService::transfer(SagaId saga, Executor& home) {
  size_t index = shard_of_id(saga.uuid);
  if (index >= shards_.size()) co_return std::optional<TransferView>();
  WalletShard& shard = shards_[index];
  kernel::RecordNumber newest = co_await shard.engine.latest(home);
  if (newest == 0) co_return fail(Errc::kUnavailable, "transfers cannot be read now");
  Status reached = co_await shard.engine.wait_written(newest, home);
  if (!reached) co_return propagate(reached);
  auto read = [saga](storage::Connection& connection) -> Result<std::optional<TransferView>> {
    Position position = position_of_id(saga.uuid);
    DUCAT_ASSIGN(std::optional<StoredEvent> stored, find_event(connection, position));
    if (!stored) return std::optional<TransferView>();
    DUCAT_ASSIGN(StoredEventView decoded, decode_view(stored->body));
    const Event& event = decoded.event;
    if (event.saga != saga) return std::optional<TransferView>();
    DUCAT_ASSIGN(std::optional<NamedWallet> from, find_wallet(connection, stored->wallet));
    if (!from) return std::optional<TransferView>();
    TransferView view{
        from->id, std::string(event.counterparty), saga,       event.amount, event.currency, "COMPLETED",
        {},       std::string(event.request_id),   stored->at, stored->at,   false};
    if (event.type == EventType::kFundsHeld) {
      DUCAT_ASSIGN(std::optional<StoredHold> hold, find_hold(connection, position));
      if (!hold) return std::optional<TransferView>();
      view.across_shards = true;
      view.updated_at = hold->updated_at;
      view.reason = hold->reason;
      if (hold->hold.state == HoldState::kHeld) view.state = "DEBITED";
      if (hold->hold.state == HoldState::kVoided || hold->hold.state == HoldState::kExpired)
        view.state = "COMPENSATED";
    }
    return std::optional(std::move(view));
  };
  co_return co_await shard.readers.read<std::optional<TransferView>>(home, read);
}

}  // namespace ducat::wallet
