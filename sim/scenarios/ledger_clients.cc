// The clients of a LedgerLife: what they send, and what an answer may be.
#include "sim/scenarios/ledger_life.h"

namespace ducat::sim {

using kernel::Verdict;

void LedgerLife::start_client(int index) {
  // A few homes, as there are a few I/O threads.
  Executor& home = scheduler_.executor("client-" + std::to_string(index % 3));
  ++clients_left_;
  start(send_all(home), [this] { --clients_left_; });
}

std::string LedgerLife::next_key(std::string_view who) {
  return std::string(who) + "-" + std::to_string(history_.told().size() + 1);
}

Task<> LedgerLife::send_all(Executor& home) {
  co_await resume_on(home);
  for (int i = 0; i < plan_.sends_per_client && !stopping_ && !over(); ++i) {
    co_await send_one(home);
    Duration rest{static_cast<int64_t>(world_.random().below(4'000))};
    co_await pause(scheduler_, home, rest);
  }
}

Task<> LedgerLife::send_one(Executor& home) {
  TransferSubmission submission(home);
  std::deque<std::string> keys;  // operations point into it
  submission.atomic = world_.random().below(4) == 0;
  uint64_t size = world_.random().below(3) == 0 ? 1 + world_.random().below(6) : 1;
  for (uint64_t i = 0; i < size; ++i) submission.operations.push_back(draw_operation(keys));
  co_await engine_->submit(submission);
  judge(submission);
  for (const TransferOperation& operation : submission.operations) {
    if (operation.verdict != Verdict::kAccepted || world_.random().below(4) != 0) continue;
    co_await read_own_write(home, operation, submission.seen);
  }
}

TransferOperation LedgerLife::draw_operation(std::deque<std::string>& keys) {
  Random& random = world_.random();
  TransferOperation operation;
  const auto& told = history_.told();
  bool repeat = !told.empty() && random.below(4) == 0;
  if (repeat) {
    auto earlier = std::next(told.begin(), static_cast<ptrdiff_t>(random.below(told.size())));
    keys.push_back(earlier->first);
    operation.transfer = earlier->second.transfer;
    operation.acknowledged_before = earlier->second.acknowledged;
    // Misuse only keys whose fate is known: for the others the new payload might be the one that counts.
    if (earlier->second.acknowledged && random.below(4) == 0) operation.transfer.amount += 1;
  } else {
    uint64_t from = random.below(2) == 0 ? kWorldAccount : 1 + random.below(plan_.accounts);
    uint64_t to = random.below(plan_.accounts + 1);
    if (to == from) to = from == kWorldAccount ? 1 : kWorldAccount;
    operation.transfer = {from, to, static_cast<int64_t>(1 + random.below(1'000))};
    keys.push_back(next_key("key"));
    history_.sent(keys.back(), operation.transfer);
  }
  operation.key = keys.back();
  operation.fingerprint = fingerprint_of(operation.transfer);
  return operation;
}

void LedgerLife::judge(const TransferSubmission& submission) {
  bool stopped_group = false;
  bool happened = false;
  for (const TransferOperation& operation : submission.operations) {
    judge_operation(submission, operation);
    stopped_group |= operation.verdict == Verdict::kRefused || operation.verdict == Verdict::kKeyReused;
    happened |= operation.verdict == Verdict::kAccepted;
    world_.trace().add("answer", hash64(operation.key), static_cast<int>(operation.verdict),
                       operation.answer.position);
  }
  if (submission.atomic && stopped_group && happened) broken("a refused group happened in part");
}

void LedgerLife::judge_operation(const TransferSubmission& submission, const TransferOperation& operation) {
  std::string key(operation.key);
  const Told& told = history_.told().at(key);
  bool misused = operation.transfer != told.transfer;
  switch (operation.verdict) {
    case Verdict::kAccepted:
    case Verdict::kReplayed:
      if (misused) return broken("key " + key + " was accepted with another payload");
      if (Status same = history_.acknowledged(key, operation.answer); !same) broken(same.error().message);
      return;
    case Verdict::kRefused:
      if (operation.acknowledged_before)
        broken("key " + key + " was acknowledged, its repeat was judged anew");
      return;
    case Verdict::kKeyReused:
      if (!misused) broken("key " + key + " came with its own payload and was called reused");
      return;
    case Verdict::kSkipped:
      if (!submission.atomic) broken("key " + key + " was skipped without a group");
      return;
    case Verdict::kUnavailable:
      return;
    case Verdict::kPending:
      return broken("key " + key + " got no answer");
  }
}

Task<> LedgerLife::read_own_write(Executor& home, const TransferOperation& operation,
                                  kernel::RecordNumber seen) {
  Status reached = co_await engine_->wait_written(seen, home);
  if (!reached || over() || stopping_) co_return;
  auto row = read_account(*reader_, operation.transfer.to);
  if (!row) {
    if (!dead() && !faulty_) broken("reading: " + row.error().message);
    co_return;
  }
  if (row->position < operation.answer.position) {
    broken("a read after waiting for record " + std::to_string(seen) + " does not see position " +
           std::to_string(operation.answer.position));
  }
}

}  // namespace ducat::sim
