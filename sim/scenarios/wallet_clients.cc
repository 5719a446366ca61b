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

// The newest answer that a journal has under a key; empty if it has none.
Result<std::string> last_answer(storage::Database& journal, const std::string& key) {
  struct Finder final : kernel::RecordVisitor {
    explicit Finder(const std::string& wanted) : key(wanted) {}
    void on_key(std::string_view used, uint64_t, std::string_view stored) override {
      if (used == key) answer = stored;
    }
    const std::string& key;
    std::string answer;
  } finder(key);
  DUCAT_ASSIGN(auto reader, kernel::JournalReader::open(journal));
  auto read = reader->read(0, [&](const kernel::Record& record) { return kernel::visit(record, finder); });
  if (!read) return propagate(read);
  return std::move(finder.answer);
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
    ++letters_;
    co_await send(letter, home);
    --letters_;
    co_await pause(scheduler_, home, {static_cast<int64_t>(world_.random().below(4'000))});
    while (quiet_ && !stopping_ && !over()) co_await pause(scheduler_, home, Duration::millis(1));
  }
  --clients_;
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
  bool repeat = !told.empty() && random.below(4) == 0;
  auto earlier = told.begin();
  if (repeat) std::advance(earlier, static_cast<ptrdiff_t>(random.below(told.size())));
  if (repeat && may_repeat(earlier->second)) {
    WalletAsk ask = earlier->second.ask;
    // Misuse only keys whose fate is known: for the others the new payload might be the one that counts.
    if (earlier->second.acknowledged && random.below(4) == 0) ask.amount += 1;
    return add(letter, earlier->first, ask);
  }
  std::string key = "key-" + std::to_string(told.size() + 1);
  WalletAsk ask = draw_ask();
  wall();
  book_.sent(key, ask, book_.latest);
  add(letter, key, ask);
}

WalletAsk WalletLife::draw_ask() {
  Random& random = world_.random();
  uint64_t wallets = plan_.common.accounts;
  WalletAsk ask;
  uint64_t number = random.below(wallets);
  ask.wallet = wallet_name(number);
  ask.amount = static_cast<int64_t>(1 + random.below(5'000));
  uint64_t kind = random.below(12);
  if ((kind == 8 || kind == 9) && book_.holds().empty()) kind = 0;
  if (kind < 3) {
    ask.amount *= 2;  // so that there is enough for most of what follows
    return ask;
  }
  if (kind < 4) {
    ask.kind = WalletAsk::Kind::kWithdraw;
  } else if (kind < 7) {
    ask.kind = WalletAsk::Kind::kTransfer;
    ask.to = wallet_name((number + 1 + random.below(wallets - 1)) % wallets);
  } else if (kind < 8) {
    ask.kind = WalletAsk::Kind::kPlaceHold;
    // For ever, until soon, or until the clock jumps.
    uint64_t until = random.below(3);
    if (until == 1) ask.expires_after = Duration::millis(static_cast<int64_t>(1 + random.below(500)));
    if (until == 2) ask.expires_after = Duration::seconds(static_cast<int64_t>(60 + random.below(3'600)));
  } else if (kind < 10) {
    const PlacedHold& hold = book_.holds()[random.below(book_.holds().size())];
    ask.kind = random.below(2) == 0 ? WalletAsk::Kind::kCaptureHold : WalletAsk::Kind::kVoidHold;
    ask.wallet = hold.wallet;
    ask.hold = hold.id;
    ask.amount = hold.amount;
  } else {
    draw_change(ask);
  }
  return ask;
}

// Of what a wallet may do. It thaws more often than it freezes, so that most are in use.
void WalletLife::draw_change(WalletAsk& ask) {
  Random& random = world_.random();
  using enum WalletAsk::Kind;
  constexpr WalletAsk::Kind kChanges[] = {kFreeze, kUnfreeze,   kUnfreeze,   kUnfreeze,
                                          kClose,  kDailyLimit, kDailyLimit, kCreditLimit};
  ask.kind = kChanges[random.below(std::size(kChanges))];
  ask.amount *= 4;  // limits
  if (ask.kind == kDailyLimit && random.below(3) == 0) ask.amount = 0;
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

// Repeated later a key may be forgotten, and then the repeat is a new command.
bool WalletLife::may_repeat(const WalletTold& told) const {
  return book_.latest - told.sent_at < Duration{plan_.common.engine.key_life.micros / 2};
}

// Repeats every key whose fate nobody knows until it is known. The disk is well: it may take a while, not for
// ever.
Task<> WalletLife::ask_for_fates(Executor& home) {
  co_await resume_on(home);
  std::vector<std::string> unknown;
  for (const auto& [key, told] : book_.told()) {
    if (!told.acknowledged && may_repeat(told)) unknown.push_back(key);
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

// Keys too old to be repeated: what became of them stands in the journals.
Task<> WalletLife::look_up_fates(Executor& home) {
  co_await resume_on(home);
  for (const auto& [key, told] : book_.told()) {
    if (told.acknowledged || may_repeat(told)) continue;
    Shard& shard = *shards_[service_->shard_of(told.ask.wallet)];
    auto stored = last_answer(*shard.journal, key);
    if (!stored) co_return broken(stored.error().message);
    if (stored->empty()) continue;  // never used, or given back
    wallet::WalletOperation found;
    Status read = shard.model.decode_answer(*stored, found);
    if (!read) co_return broken(read.error().message);
    if (crosses(told.ask)) {
      auto transfer = co_await service_->transfer(found.answer.saga, home);
      if (!transfer || !*transfer) co_return broken("the transfer of key " + key + " is not known");
      if ((*transfer)->state != "COMPLETED") continue;
    }
    Status counted = book_.acknowledged(key, found.answer, crosses(told.ask));
    if (!counted) co_return broken(counted.error().message);
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
