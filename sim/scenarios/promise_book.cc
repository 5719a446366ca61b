#include "sim/scenarios/promise_book.h"

#include <set>

#include "base/bytes.h"
#include "base/hash.h"

namespace ducat::sim {

using transactions::ChangeOutcome;
using transactions::ChangeResult;
using transactions::TransactionId;
using transactions::TransactionRef;

namespace {

constexpr int kCents = 2;

std::unexpected<Error> broken(std::string what) {
  return fail(Errc::kCorrupt, std::move(what));
}

}  // namespace

uint64_t fingerprint_of(const PromiseAsk& ask) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.u8(static_cast<uint8_t>(ask.kind));
  writer.text(ask.user);
  writer.raw(ask.id.uuid.bytes.data(), ask.id.uuid.bytes.size());
  writer.zigzag(ask.amount);
  return hash64(bytes);
}

transactions::Command command_of(const PromiseAsk& ask) {
  Decimal amount{ask.amount, kCents};
  switch (ask.kind) {
    case PromiseAsk::Kind::kCreate:
      return transactions::CreateTransaction{.amount = amount, .currency = Currency::kUsd};
    case PromiseAsk::Kind::kUpdate:
      return transactions::UpdateTransaction{.id = ask.id, .amount = amount};
    case PromiseAsk::Kind::kDelete:
      return transactions::DeleteTransaction{.id = ask.id};
    case PromiseAsk::Kind::kRestore:
      break;
  }
  return transactions::RestoreTransaction{.id = ask.id};
}

PromiseAttempt PromiseBook::ask(const PromiseAsk& ask) {
  std::string key = "key-" + std::to_string(told_.size() + 1);
  told_.emplace(key, PromiseTold{ask});
  return repeat(key, ask);
}

PromiseAttempt PromiseBook::repeat(const std::string& key, const PromiseAsk& with) {
  PromiseTold& told = told_.at(key);
  return {key + "/" + std::to_string(++told.attempts), key, with, told.acknowledged};
}

Status PromiseBook::answered(const PromiseAttempt& attempt, const ChangeOutcome& outcome) {
  const WatchedChange* own = watch_.proposed_by(attempt.name);
  bool misused = attempt.ask != told_.at(attempt.key).ask;
  bool anew = outcome.result == ChangeResult::kDone || outcome.result == ChangeResult::kRefused ||
              outcome.result == ChangeResult::kNotAudited;
  if (attempt.acknowledged_before && anew)
    return broken("request " + attempt.name + ": its key was acknowledged, its repeat was judged anew");
  switch (outcome.result) {
    case ChangeResult::kDone:
    case ChangeResult::kReplayed:
      if (misused) return broken("request " + attempt.name + " was accepted with another payload");
      if (outcome.result == ChangeResult::kReplayed) own = watch_.confirmed_with(attempt.key);
      return done(attempt, own, outcome.transaction);
    case ChangeResult::kNotAudited:
      if (own != nullptr && own->state == WatchedChange::State::kRolledBack) return {};
      return broken("request " + attempt.name + " was answered as failed, and is not rolled back");
    case ChangeResult::kKeyReused:
      if (!misused) return broken("request " + attempt.name + " came with its own payload, called reused");
      [[fallthrough]];
    case ChangeResult::kRefused:
    case ChangeResult::kStillRunning:
      if (own == nullptr) return {};
      return broken("request " + attempt.name + " was refused, and has proposed a change");
    case ChangeResult::kUnavailable:
      break;
  }
  return {};
}

Status PromiseBook::done(const PromiseAttempt& attempt, const WatchedChange* change,
                         const TransactionRef& answer) {
  if (change == nullptr || change->state != WatchedChange::State::kConfirmed)
    return broken("request " + attempt.name + " was answered as done, and that is not durable");
  if (answer == nullptr || *answer != *change->after)
    return broken("request " + attempt.name + " was answered with another version than it made");
  told_.at(attempt.key).acknowledged = true;
  size_t state = state_of(answer, 1);
  if (state == 0) return broken("request " + attempt.name + " was answered with a version that never was");
  auto [floor, is_new] = floor_.try_emplace(answer->id, state);
  floor->second = std::max(floor->second, state);
  if (is_new) known_.emplace_back(answer->id, answer->user_id);
  return {};
}

size_t PromiseBook::state_of(const TransactionRef& found, size_t from) const {
  const std::vector<TransactionRef>& versions = watch_.versions(found->id);
  for (size_t state = versions.size(); state >= std::max<size_t>(from, 1); --state) {
    if (versions[state - 1] != nullptr && *versions[state - 1] == *found) return state;
  }
  return 0;
}

bool PromiseBook::may_be_hidden(const TransactionId& id, size_t from) const {
  if (from == 0) return true;
  const std::vector<TransactionRef>& versions = watch_.versions(id);
  for (size_t state = from; state <= versions.size(); ++state) {
    if (versions[state - 1] == nullptr || versions[state - 1]->deleted_at) return true;
  }
  return false;
}

Status PromiseBook::read(const TransactionId& id, const PromiseFloor& floor, const TransactionRef& found) {
  auto known = floor.find(id);
  size_t from = known == floor.end() ? 0 : known->second;
  if (found == nullptr) {
    if (may_be_hidden(id, from)) return {};
    return broken("transaction " + id.uuid.to_string() + " was there and is not seen any more");
  }
  size_t state = state_of(found, from);
  if (state == 0 || found->deleted_at)
    return broken("version " + std::to_string(found->version) + " of transaction " + id.uuid.to_string() +
                  " is seen, and is not confirmed, or had a successor");
  size_t& seen = floor_[id];
  seen = std::max(seen, state);
  return {};
}

Status PromiseBook::read_list(const std::string& user, const PromiseFloor& floor,
                              const std::vector<TransactionRef>& found) {
  std::set<TransactionId> listed;
  for (const TransactionRef& transaction : found) {
    if (transaction->user_id != user) return broken("a list shows another user's transaction");
    if (!listed.insert(transaction->id).second) return broken("a list shows a transaction twice");
    DUCAT_TRY(read(transaction->id, floor, transaction));
  }
  for (const auto& [id, owner] : known_) {
    if (owner == user && !listed.contains(id)) DUCAT_TRY(read(id, floor, nullptr));
  }
  return {};
}

}  // namespace ducat::sim
