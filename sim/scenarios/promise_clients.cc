// The clients of a PromiseRun: what they send, and how they compare what they are told.
#include "platform/runtime/task.h"
#include "sim/scenarios/promise_run.h"

namespace ducat::sim {

using transactions::ChangeOutcome;
using transactions::ChangeRequest;
using transactions::ChangeResult;
using transactions::TransactionRef;

namespace {

constexpr uint64_t kUsers = 2;
constexpr Duration kAgainAfter = Duration::millis(20);
constexpr int kProbes = 300;
constexpr int64_t kAll = 10'000;

std::string user_name(uint64_t number) {
  return "user-" + std::to_string(number);
}

}  // namespace

void PromiseRun::start_task(Task<> task) {
  ++tasks_;
  start(std::move(task), [this] { --tasks_; });
}

// Null: nobody answers at its address.
TransactionsLife* PromiseRun::transactions() {
  return transactions_.serving ? static_cast<TransactionsLife*>(transactions_.life.get()) : nullptr;
}

Task<> PromiseRun::be_a_client(Executor& home) {
  co_await resume_on(home);
  for (int i = 0; i < plan_.sends_per_client && !over();) {
    co_await pause(scheduler_, home, {static_cast<int64_t>(world_.random().below(30'000))});
    if (transactions() == nullptr) {
      co_await pause(scheduler_, home, kAgainAfter);
      continue;
    }
    ++i;
    if (world_.random().below(4) == 0) {
      co_await look(home);
    } else {
      co_await change(draw_attempt(), home);
    }
  }
}

PromiseAsk PromiseRun::draw_ask() {
  Random& random = world_.random();
  PromiseAsk ask;
  uint64_t kind = random.below(10);
  if (kind < 4 || book_.known().empty()) {
    ask.user = user_name(random.below(kUsers));
  } else {
    using enum PromiseAsk::Kind;
    ask.kind = kind < 8 ? kUpdate : kind < 9 ? kDelete : kRestore;
    // Mostly of the newest, so that they meet.
    size_t from = random.below(2) == 0 ? book_.known().size() - std::min<size_t>(2, book_.known().size()) : 0;
    const auto& [id, user] = book_.known()[from + random.below(book_.known().size() - from)];
    ask.id = id;
    ask.user = user;
  }
  bool amount = ask.kind == PromiseAsk::Kind::kCreate || ask.kind == PromiseAsk::Kind::kUpdate;
  if (amount) ask.amount = static_cast<int64_t>(1 + random.below(100'000));
  return ask;
}

// A new change, or one of those that were asked for before, sometimes with a wrong payload.
PromiseAttempt PromiseRun::draw_attempt() {
  Random& random = world_.random();
  const auto& told = book_.told();
  if (told.empty() || random.below(4) != 0) return book_.ask(draw_ask());
  auto earlier = std::next(told.begin(), static_cast<ptrdiff_t>(random.below(told.size())));
  PromiseAsk ask = earlier->second.ask;
  // Misuse only keys whose fate is known: for the others the new payload might be the one that counts.
  if (earlier->second.acknowledged && random.below(4) == 0) ask.amount += 1;
  return book_.repeat(earlier->first, ask);
}

Task<> PromiseRun::change(PromiseAttempt attempt, Executor& home) {
  TransactionsLife& life = *transactions();
  ChangeRequest request;
  // The user agent ends up in the proposal, and so tells which request it is of.
  request.requester = {attempt.ask.user,           "10.0.0.1", attempt.name, {}, attempt.key,
                       fingerprint_of(attempt.ask)};
  request.command = command_of(attempt.ask);
  ChangeOutcome outcome;
  {
    TransactionsLife::Call call(life);
    outcome = co_await life.service().change(request, home);
  }
  world_.trace().add("answer", hash64(attempt.name), static_cast<int>(outcome.result),
                     outcome.transaction ? outcome.transaction->version : 0);
  if (Status held = book_.answered(attempt, outcome); !held) broken(held.error().message);
}

// One transaction, or a user's list; what comes back was never taken back.
Task<> PromiseRun::look(Executor& home) {
  TransactionsLife& life = *transactions();
  TransactionsLife::Call call(life);
  PromiseFloor floor = book_.floor();
  Status held;
  if (book_.known().empty() || world_.random().below(3) == 0) {
    std::string user = user_name(world_.random().below(kUsers));
    auto page = co_await life.service().list(user, {.limit = kAll}, home);
    if (!page) co_return;
    world_.trace().add("list", page->transactions.size());
    held = book_.read_list(user, floor, page->transactions);
  } else {
    auto [id, user] = book_.known()[world_.random().below(book_.known().size())];
    auto found = co_await life.service().get(id, user, home);
    if (!found) co_return;
    world_.trace().add("get", *found ? (*found)->version : 0);
    held = book_.read(id, floor, *found);
  }
  if (!held) broken(held.error().message);
}

// With nothing under way every read shows exactly what is confirmed.
Task<> PromiseRun::compare_all(Executor& home) {
  co_await resume_on(home);
  TransactionsLife& life = *transactions();
  for (uint64_t number = 0; number < kUsers && !over(); ++number) {
    std::string user = user_name(number);
    size_t expected = 0;
    for (const auto& [id, versions] : watch_.all()) {
      const TransactionRef& last = versions.back();
      bool shown = last != nullptr && !last->deleted_at && last->user_id == user;
      expected += shown;
      auto found = co_await life.service().get(id, user, home);
      if (!found) co_return broken(found.error().message);
      bool same = shown ? *found != nullptr && **found == *last : *found == nullptr;
      if (!same) co_return broken("transaction " + id.uuid.to_string() + " is not shown as it is");
    }
    auto page = co_await life.service().list(user, {.limit = kAll}, home);
    if (!page) co_return broken(page.error().message);
    if (page->transactions.size() != expected || page->total != static_cast<int64_t>(expected))
      co_return broken("a list shows " + std::to_string(page->transactions.size()) + " transactions, not " +
                       std::to_string(expected));
    Status held = book_.read_list(user, book_.floor(), page->transactions);
    if (!held) co_return broken(held.error().message);
  }
  co_await compare_audit(static_cast<AuditLife&>(*audit_.life), home);
}

// The audit log as its readers see it.
Task<> PromiseRun::compare_audit(AuditLife& audit, Executor& home) {
  size_t confirmed = 0;
  for (const auto& [correlation, change] : watch_.changes()) {
    auto records = co_await audit.service().of_correlation(correlation, home);
    if (!records) co_return broken(records.error().message);
    size_t successes = 0;
    for (const audit::StoredRecord& record : *records)
      successes += record.effective_status() == audit::RecordStatus::kSuccess;
    bool visible = change.state == WatchedChange::State::kConfirmed;
    confirmed += visible;
    if (successes != (visible ? 1U : 0U))
      co_return broken("change " + correlation + " has " + std::to_string(successes) +
                       " records that say SUCCESS");
  }
  audit::ListFilter filter;
  filter.status = audit::RecordStatus::kSuccess;
  auto page = co_await audit.service().list(std::move(filter), home);
  if (!page) co_return broken(page.error().message);
  if (page->total != static_cast<int64_t>(confirmed))
    co_return broken("the audit log lists " + std::to_string(page->total) + " records with SUCCESS, " +
                     std::to_string(confirmed) + " changes are visible");
  auto checked = co_await audit.service().check(home);
  if (!checked) co_return broken(checked.error().message);
  if (checked->broken) broken("the audit log: " + checked->broken->reason);
}

Task<> PromiseRun::probe(Executor& home) {
  co_await resume_on(home);
  PromiseAsk ask{.kind = PromiseAsk::Kind::kCreate, .user = user_name(0), .id = {}, .amount = 1};
  for (int i = 0; i < kProbes && !probed_ && !over(); ++i) {
    PromiseAttempt attempt = book_.ask(ask);
    std::string key = attempt.key;
    co_await change(std::move(attempt), home);
    probed_ = book_.told().at(key).acknowledged;
    if (!probed_) co_await pause(scheduler_, home, Duration::millis(100));
  }
}

}  // namespace ducat::sim
