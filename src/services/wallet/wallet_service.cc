// Commands and reads within a shard; transfers between shards stand in wallet_transfers.cc.
#include "services/wallet/wallet_service.h"

#include <algorithm>

#include "services/wallet/store/event_codec.h"

namespace ducat::wallet {
namespace {

using kernel::Verdict;

void fill(WalletOperation& operation, const WalletRequest& request) {
  operation.wallet_id = request.wallet_id;
  operation.request_id = request.request_id;
  operation.key = request.key;
  operation.fingerprint = request.fingerprint;
  operation.not_after = request.not_after;
  operation.frees_key = std::holds_alternative<ReleaseKey>(request.command);
  operation.command = request.command;
}

WalletOutcome outcome_of(const WalletOperation& operation) {
  return {operation.verdict, operation.answer, operation.refusal, false};
}

bool only_reads(const Command& command) {
  return std::holds_alternative<ReadWallet>(command) || std::holds_alternative<ReadHold>(command);
}

Error unavailable() {
  return {Errc::kUnavailable, "the wallet cannot be read now"};
}

}  // namespace

size_t WalletService::shard_of(std::string_view wallet_id) const {
  return shard_of_wallet(wallet_id, shards_.size());
}

bool WalletService::crosses_shards(const WalletRequest& request) const {
  const auto* transfer = std::get_if<Transfer>(&request.command);
  return transfer != nullptr && shard_of(request.wallet_id) != shard_of(transfer->to_id);
}

Task<WalletOutcome> WalletService::submit(size_t shard, const WalletRequest& request, Executor& home) {
  SingleSubmission submission(home);
  fill(submission.operation, request);
  submission.read_only = only_reads(request.command);
  co_await shards_[shard].engine.submit(submission);
  co_return outcome_of(submission.operation);
}

// On an instance that follows a copy will do, if it is true now.
Task<WalletOutcome> WalletService::read_wallet(const WalletRequest& request, Executor& home) {
  WalletShard& shard = shards_[shard_of(request.wallet_id)];
  std::optional<std::string> copy;
  if (shard.copies != nullptr) copy = co_await shard.copies->find(request.wallet_id, home);
  WalletOutcome outcome;
  outcome.verdict = Verdict::kAccepted;
  if (copy && decode_answer(*copy, outcome.answer)) co_return outcome;
  SingleSubmission submission(home);
  fill(submission.operation, request);
  submission.read_only = true;
  co_await shard.engine.submit(submission);
  outcome = outcome_of(submission.operation);
  if (shard.copies != nullptr && outcome.verdict == Verdict::kAccepted && outcome.answer.exists) {
    std::string stored;
    encode_answer(outcome.answer, stored);
    shard.copies->keep(request.wallet_id, outcome.answer.wallet.no, submission.seen, stored);
  }
  co_return outcome;
}

Task<WalletOutcome> WalletService::run(const WalletRequest& request, Executor& home) {
  const bool reads = std::holds_alternative<ReadWallet>(request.command);
  if (reads && !shards_[shard_of(request.wallet_id)].engine.leads()) return read_wallet(request, home);
  if (crosses_shards(request)) return transfer_across(request, home);
  return submit(shard_of(request.wallet_id), request, home);
}

Task<std::vector<WalletOutcome>> WalletService::run_batch(const std::vector<WalletRequest>& requests,
                                                          bool atomic, Executor& home) {
  std::vector<WalletOutcome> outcomes;
  outcomes.reserve(requests.size());
  // Operations of one shard that follow each other go together; where the shard changes, they wait, so that a
  // later one sees the earlier ones.
  for (size_t from = 0; from < requests.size();) {
    size_t shard = shard_of(requests[from].wallet_id);
    size_t to = from;
    while (to < requests.size() && shard_of(requests[to].wallet_id) == shard && !crosses_shards(requests[to]))
      ++to;
    if (atomic && (to != requests.size())) co_return std::vector<WalletOutcome>();
    if (to == from) {
      outcomes.push_back(co_await transfer_across(requests[from], home));
      ++from;
      continue;
    }
    WalletSubmission submission(home);
    submission.atomic = atomic;
    submission.operations.resize(to - from);
    for (size_t i = from; i < to; ++i) fill(submission.operations[i - from], requests[i]);
    co_await shards_[shard].engine.submit(submission);
    for (const WalletOperation& operation : submission.operations) outcomes.push_back(outcome_of(operation));
    from = to;
  }
  co_return outcomes;
}

// The wallet as of now; `seen` is the record the tables must reach to show the same.
Task<Result<StoredWallet>> WalletService::look(std::string_view wallet_id, Executor& home,
                                               kernel::RecordNumber& seen) {
  SingleSubmission submission(home);
  submission.read_only = true;
  submission.operation.wallet_id = wallet_id;
  co_await shards_[shard_of(wallet_id)].engine.submit(submission);
  if (submission.operation.verdict != Verdict::kAccepted) co_return std::unexpected(unavailable());
  seen = submission.seen;
  co_return submission.operation.answer.wallet;  // number 0: there is none
}

Task<Result<HistoryPage>> WalletService::history(std::string_view wallet_id, int64_t limit, int64_t offset,
                                                 Position from, Executor& home) {
  WalletShard& shard = shards_[shard_of(wallet_id)];
  kernel::RecordNumber seen = 0;
  auto wallet = co_await look(wallet_id, home, seen);
  if (!wallet) co_return propagate(wallet);
  auto skipped = static_cast<uint64_t>(offset);
  if (wallet->no == 0 || (from == 0 && skipped >= wallet->events)) co_return HistoryPage{};
  Status reached = co_await shard.engine.wait_written(seen, home);
  if (!reached) co_return propagate(reached);
  auto read = [wallet = *wallet, limit, skipped,
               from](storage::Connection& connection) -> Result<HistoryPage> {
    Position start = from;
    if (start == 0) {
      DUCAT_ASSIGN(start, position_of(connection, wallet, wallet.events - skipped));
    }
    HistoryPage page;
    DUCAT_ASSIGN(page.events, walk_back(connection, start, limit));
    // A cursor of another wallet's leads nowhere.
    if (!page.events.empty() && page.events.front().wallet != wallet.no) return HistoryPage{};
    if (!page.events.empty()) page.next = page.events.back().prev;
    return page;
  };
  co_return co_await shard.readers.read<HistoryPage>(home, read);
}

Task<Result<std::optional<StoredEvent>>> WalletService::at(std::string_view wallet_id, Timestamp time,
                                                           Executor& home) {
  WalletShard& shard = shards_[shard_of(wallet_id)];
  kernel::RecordNumber seen = 0;
  auto wallet = co_await look(wallet_id, home, seen);
  if (!wallet) co_return propagate(wallet);
  if (wallet->no == 0) co_return std::optional<StoredEvent>();
  Status reached = co_await shard.engine.wait_written(seen, home);
  if (!reached) co_return propagate(reached);
  auto read = [wallet = *wallet, time](storage::Connection& connection) {
    return event_at(connection, wallet, time);
  };
  co_return co_await shard.readers.read<std::optional<StoredEvent>>(home, read);
}

Task<Result<std::vector<StoredHold>>> WalletService::holds(std::string_view wallet_id, HoldFilter filter,
                                                           Executor& home) {
  WalletShard& shard = shards_[shard_of(wallet_id)];
  kernel::RecordNumber seen = 0;
  auto wallet = co_await look(wallet_id, home, seen);
  if (!wallet) co_return propagate(wallet);
  if (wallet->no == 0) co_return std::vector<StoredHold>();
  Status reached = co_await shard.engine.wait_written(seen, home);
  if (!reached) co_return propagate(reached);
  int64_t state = -1;
  for (HoldState known : {HoldState::kHeld, HoldState::kCaptured, HoldState::kVoided, HoldState::kExpired}) {
    if (filter.state == to_string(known)) state = static_cast<int64_t>(known);
  }
  auto read = [no = wallet->no, state, filter](storage::Connection& connection) {
    return holds_of(connection, no, state, filter.limit, filter.offset);
  };
  co_return co_await shard.readers.read<std::vector<StoredHold>>(home, read);
}

Task<Result<size_t>> WalletService::expire_holds(size_t index, Executor& home) {
  constexpr int64_t kAtOnce = 500;
  WalletShard& shard = shards_[index];
  struct Due {
    StoredHold hold;
    std::string wallet_id;
  };
  Timestamp now = clock_.now();
  auto find = [now](storage::Connection& connection) -> Result<std::vector<Due>> {
    std::vector<Due> due;
    DUCAT_ASSIGN(std::vector<StoredHold> holds, expired_holds(connection, now, kAtOnce));
    for (StoredHold& hold : holds) {
      DUCAT_ASSIGN(std::optional<NamedWallet> wallet, find_wallet(connection, hold.wallet));
      if (wallet) due.push_back({std::move(hold), std::move(wallet->id)});
    }
    return due;
  };
  auto due = co_await shard.readers.read<std::vector<Due>>(home, find);
  if (!due) co_return propagate(due);
  if (due->empty()) co_return size_t{0};
  WalletSubmission submission(home);
  submission.operations.resize(due->size());
  for (size_t i = 0; i < due->size(); ++i) {
    submission.operations[i].wallet_id = (*due)[i].wallet_id;
    submission.operations[i].command = ExpireHold{(*due)[i].hold.id};
  }
  co_await shard.engine.submit(submission);
  // Some may have ended meanwhile (the table follows), and what could not be written now is due the next
  // time.
  co_return static_cast<size_t>(std::count_if(
      submission.operations.begin(), submission.operations.end(), [](const WalletOperation& operation) {
        return operation.verdict == Verdict::kAccepted && operation.events > 0;
      }));
}

}  // namespace ducat::wallet
