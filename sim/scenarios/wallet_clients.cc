// The clients of a WalletLife: what they send, and what an answer may be.
#include "sim/scenarios/wallet_life.h"

namespace ducat::sim {

using kernel::Verdict;
using wallet::WalletOutcome;

namespace {

constexpr int kFateTries = 600;
constexpr Duration kFatePause = Duration::millis(100);

std::string wallet_name(uint64_t number) {
  return "w" + std::to_string(number);
}

}  // namespace

void WalletLife::start_task(Task<> task) {
  ++tasks_;
  start(std::move(task), [this] { --tasks_; });
}

Task<> WalletLife::send_all(Executor& home) {
  co_await resume_on(home);
  for (int i = 0; i < plan_.common.sends_per_client && !stopping_ && !over(); ++i) {
    Letter letter;
    uint64_t size = world_.random().below(4) == 0 ? 2 + world_.random().below(5) : 1;
    letter.atomic = size > 1 && world_.random().below(2) == 0;
    for (uint64_t k = 0; k < size; ++k) add_drawn(letter);
    co_await send(letter, home);
    co_await pause(scheduler_, home, {static_cast<int64_t>(world_.random().below(4'000))});
  }
}

void WalletLife::add(Letter& letter, const std::string& key, const WalletAsk& ask) {
  letter.asks.push_back(ask);
  const WalletAsk& kept = letter.asks.back();
  wallet::WalletRequest request;
  request.wallet_id = kept.wallet;
  request.key = key;
  request.fingerprint = fingerprint_of(kept);
  request.command = command_of(kept, scheduler_.now());
  letter.requests.push_back(std::move(request));
  letter.acknowledged_before.push_back(book_.told().at(key).acknowledged);
}

// A new command, or one of those that were sent before, sometimes with a wrong payload.
void WalletLife::add_drawn(Letter& letter) {
  Random& random = world_.random();
  const auto& told = book_.told();
  if (!told.empty() && random.below(4) == 0) {
    auto earlier = std::next(told.begin(), static_cast<ptrdiff_t>(random.below(told.size())));
    WalletAsk ask = earlier->second.ask;
    // Misuse only keys whose fate is known: for the others the new payload might be the one that counts.
    if (earlier->second.acknowledged && random.below(4) == 0) ask.amount += 1;
    return add(letter, earlier->first, ask);
  }
  std::string key = "key-" + std::to_string(told.size() + 1);
  WalletAsk ask = draw_ask();
  book_.sent(key, ask);
  add(letter, key, ask);
}

WalletAsk WalletLife::draw_ask() {
  Random& random = world_.random();
  uint64_t wallets = plan_.common.accounts;
  WalletAsk ask;
  uint64_t number = random.below(wallets);
  ask.wallet = wallet_name(number);
  ask.amount = static_cast<int64_t>(1 + random.below(5'000));
  uint64_t kind = random.below(10);
  if (kind >= 8 && book_.holds().empty()) kind = 0;
  if (kind < 3) return ask;
  if (kind < 4) {
    ask.kind = WalletAsk::Kind::kWithdraw;
  } else if (kind < 7) {
    ask.kind = WalletAsk::Kind::kTransfer;
    ask.to = wallet_name((number + 1 + random.below(wallets - 1)) % wallets);
  } else if (kind < 8) {
    ask.kind = WalletAsk::Kind::kPlaceHold;
    if (random.below(2) == 0)
      ask.expires_after = Duration::millis(static_cast<int64_t>(1 + random.below(500)));
  } else {
    const PlacedHold& hold = book_.holds()[random.below(book_.holds().size())];
    ask.kind = random.below(2) == 0 ? WalletAsk::Kind::kCaptureHold : WalletAsk::Kind::kVoidHold;
    ask.wallet = hold.wallet;
    ask.hold = hold.id;
    ask.amount = hold.amount;
  }
  return ask;
}

bool WalletLife::crosses(const WalletAsk& ask) const {
  return ask.kind == WalletAsk::Kind::kTransfer &&
         service_->shard_of(ask.wallet) != service_->shard_of(ask.to);
}

Task<> WalletLife::send(Letter& letter, Executor& home) {
  std::vector<WalletOutcome> outcomes;
  if (letter.requests.size() == 1) {
    outcomes.push_back(co_await service_->run(letter.requests[0], home));
  } else {
    outcomes = co_await service_->run_batch(letter.requests, letter.atomic, home);
    if (outcomes.empty() && letter.atomic) co_return;  // not all in one shard: nothing was done
  }
  if (outcomes.size() != letter.requests.size()) co_return broken("a batch got too few answers");
  bool refused = false;
  bool happened = false;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    judge(letter, i, outcomes[i]);
    refused |= outcomes[i].verdict == Verdict::kRefused || outcomes[i].verdict == Verdict::kKeyReused;
    happened |= outcomes[i].verdict == Verdict::kAccepted;
  }
  if (letter.atomic && refused && happened) broken("a refused group happened in part");
}

void WalletLife::judge(const Letter& letter, size_t index, const WalletOutcome& outcome) {
  const std::string& key = letter.requests[index].key;
  const WalletTold& told = book_.told().at(key);
  bool misused = letter.asks[index] != told.ask;
  world_.trace().add("answer", hash64(key), static_cast<int>(outcome.verdict),
                     outcome.answer.wallet.state.balance, outcome.answer.wallet.head);
  switch (outcome.verdict) {
    case Verdict::kAccepted:
    case Verdict::kReplayed: {
      if (misused) return broken("key " + key + " was accepted with another payload");
      Status same = book_.acknowledged(key, outcome.answer, crosses(told.ask));
      if (!same) broken(same.error().message);
      return;
    }
    case Verdict::kRefused:
      if (letter.acknowledged_before[index])
        broken("key " + key + " was acknowledged, its repeat was judged anew");
      return;
    case Verdict::kKeyReused:
      if (!misused) broken("key " + key + " came with its own payload and was called reused");
      return;
    case Verdict::kSkipped:
      if (!letter.atomic) broken("key " + key + " was skipped without a group");
      return;
    case Verdict::kUnavailable:
      return;
    case Verdict::kPending:
      return broken("key " + key + " got no answer");
  }
}

// Repeats every key whose fate nobody knows until it is known. The disk is well: it may take a while, not for
// ever.
Task<> WalletLife::ask_for_fates(Executor& home) {
  co_await resume_on(home);
  std::vector<std::string> unknown;
  for (const auto& [key, told] : book_.told()) {
    if (!told.acknowledged) unknown.push_back(key);
  }
  for (const std::string& key : unknown) {
    for (int i = 0;; ++i) {
      if (stopping_ || over()) co_return;
      Letter letter;
      add(letter, key, book_.told().at(key).ask);
      WalletOutcome outcome = co_await service_->run(letter.requests[0], home);
      judge(letter, 0, outcome);
      if (outcome.verdict != Verdict::kUnavailable) break;
      if (i == kFateTries) co_return broken("the fate of key " + key + " cannot be learnt");
      co_await pause(scheduler_, home, kFatePause);
    }
  }
}

// Every wallet holds what its keys sum up to; so no key counted twice, none was lost, and no money was made.
Task<> WalletLife::compare_balances(Executor& home) {
  co_await resume_on(home);
  for (uint64_t number = 0; number < plan_.common.accounts; ++number) {
    std::string name = wallet_name(number);
    wallet::WalletRequest request;
    request.wallet_id = name;
    request.command = wallet::ReadWallet{};
    WalletOutcome outcome = co_await service_->run(request, home);
    if (outcome.verdict != Verdict::kAccepted) co_return broken("wallet " + name + " cannot be read");
    auto expected = book_.balances().find(name);
    int64_t due = expected == book_.balances().end() ? 0 : expected->second;
    int64_t balance = outcome.answer.exists ? outcome.answer.wallet.state.balance : 0;
    if (balance != due) {
      broken("wallet " + name + " has " + std::to_string(balance) + ", its acknowledged commands sum up to " +
             std::to_string(due));
    }
  }
}

}  // namespace ducat::sim
