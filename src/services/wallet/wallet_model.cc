// From commands to events, states and rows. Answers and recovery stand in wallet_model_store.cc.
#include "services/wallet/wallet_model.h"

#include "base/check.h"
#include "services/wallet/store/event_codec.h"
#include "services/wallet/store/queries.h"

namespace ducat::wallet {
namespace {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

// The other wallet a command needs in memory, if any.
std::string_view other_wallet(const Command& command) {
  const auto* transfer = std::get_if<Transfer>(&command);
  return transfer != nullptr ? transfer->to_id : std::string_view();
}

// The hold a command is about, if it is about one that is there already.
HoldId hold_of(const Command& command) {
  return std::visit(
      Overloaded{[](const CaptureHold& c) { return c.hold; }, [](const VoidHold& c) { return c.hold; },
                 [](const ExpireHold& c) { return c.hold; }, [](const ReadHold& c) { return c.hold; },
                 [](const SettleTransfer& c) { return HoldId{c.saga.uuid}; },
                 [](const CompensateTransfer& c) { return HoldId{c.saga.uuid}; },
                 [](const auto&) { return HoldId{}; }},
      command);
}

bool makes_an_id(const Command& command) {
  return std::holds_alternative<Transfer>(command) || std::holds_alternative<PlaceHold>(command) ||
         std::holds_alternative<ReserveTransfer>(command);
}

}  // namespace

Status WalletModel::load(std::span<kernel::Submission* const> batch) {
  std::vector<std::string_view> missing;
  auto want = [&](std::string_view id) {
    if (!id.empty() && cache_.find(id) == nullptr) missing.push_back(id);
  };
  for (kernel::Submission* submission : batch) {
    for (size_t i = 0; i < submission->size(); ++i) {
      const auto& operation = static_cast<const WalletOperation&>(submission->at(i));
      want(operation.wallet_id);
      want(other_wallet(operation.command));
      HoldId hold = hold_of(operation.command);
      if (!hold.none()) DUCAT_TRY(load_hold(hold));
    }
  }
  if (missing.empty()) return {};
  DUCAT_ASSIGN(std::vector<NamedWallet> found, find_wallets(*connection_, missing));
  for (NamedWallet& wallet : found) {
    if (cache_.find(wallet.wallet.no) == nullptr) cache_.add(std::move(wallet.id), wallet.wallet);
  }
  return {};
}

bool WalletModel::decide(kernel::Operation& base, kernel::DecideContext& context) {
  auto& operation = static_cast<WalletOperation&>(base);
  if (const auto* release = std::get_if<ReleaseKey>(&operation.command)) {
    return operation.answer.saga == release->compensated;
  }
  operation.answer = {};  // a read may be decided a second time
  CachedWallet* wallet = cache_.find(operation.wallet_id);
  if (std::holds_alternative<ReadWallet>(operation.command)) {
    fill_answer(operation, wallet);
    return true;
  }
  std::string_view other_id = other_wallet(operation.command);
  CachedWallet* other = other_id.empty() ? nullptr : cache_.find(other_id);
  Context known{context.now, {}, operation.request_id};
  if (makes_an_id(operation.command)) {
    known.new_id = make_located_id(context.now, options_.shard, context.record.next_position());
  }
  expire_first(operation, wallet, context);
  Decision decision = judge(operation, wallet, other, known);
  if (!decision) {
    operation.refusal = decision.error();
    return false;
  }
  operation.events = decision->size();
  for (const PartyEvent& made : *decision) {
    bool second = made.party == 1 && !other_id.empty();
    emit(second ? other_id : operation.wallet_id, second ? other : wallet, made.event, context.record);
    if (!made.event.saga.none()) operation.answer.saga = made.event.saga;
    if (!made.event.hold.none()) operation.answer.hold_id = made.event.hold;
  }
  if (HoldId asked = hold_of(operation.command); find_hold(asked) != nullptr)
    operation.answer.hold_id = asked;
  fill_answer(operation, wallet);
  return true;
}

// A hold that is to be captured or voided when its time is over expires now, so that its refusal as EXPIRED
// and the freed money are one.
void WalletModel::expire_first(const WalletOperation& operation, CachedWallet* wallet,
                               kernel::DecideContext& context) {
  bool ends = std::holds_alternative<CaptureHold>(operation.command) ||
              std::holds_alternative<VoidHold>(operation.command);
  if (!ends || wallet == nullptr) return;
  CachedHold* hold = find_hold(hold_of(operation.command));
  if (hold == nullptr || hold->stored.wallet != wallet->stored.no) return;
  ExpireHold expire{hold->stored.id};
  Decision expired =
      ducat::wallet::decide(&wallet->stored.state, &hold->stored.hold, expire, Context{context.now, {}, {}});
  if (!expired) return;
  for (const PartyEvent& made : *expired) emit(operation.wallet_id, wallet, made.event, context.record);
}

Decision WalletModel::judge(WalletOperation& operation, CachedWallet* wallet, CachedWallet* other,
                            const Context& context) {
  const Wallet* state = wallet == nullptr ? nullptr : &wallet->stored.state;
  auto hold = [&](const HoldId& id) -> const Hold* {
    CachedHold* found = find_hold(id);
    return found != nullptr && wallet != nullptr && found->stored.wallet == wallet->stored.no
               ? &found->stored.hold
               : nullptr;
  };
  return std::visit(
      Overloaded{[](const ReadWallet&) -> Decision { return Events(); },
                 [](const ReadHold&) -> Decision { return Events(); },
                 [](const ReleaseKey&) -> Decision { return Events(); },
                 [&](const Transfer& c) {
                   return ducat::wallet::decide(state, other == nullptr ? nullptr : &other->stored.state, c,
                                                context);
                 },
                 [&](const CaptureHold& c) { return ducat::wallet::decide(state, hold(c.hold), c, context); },
                 [&](const VoidHold& c) { return ducat::wallet::decide(state, hold(c.hold), c, context); },
                 [&](const ExpireHold& c) { return ducat::wallet::decide(state, hold(c.hold), c, context); },
                 [&](const SettleTransfer& c) {
                   return ducat::wallet::decide(state, hold({c.saga.uuid}), c, context);
                 },
                 [&](const CompensateTransfer& c) {
                   return ducat::wallet::decide(state, hold({c.saga.uuid}), c, context);
                 },
                 [&](const auto& c) { return ducat::wallet::decide(state, c, context); }},
      operation.command);
}

void WalletModel::emit(std::string_view wallet_id, CachedWallet*& wallet, const Event& event,
                       kernel::RecordBuilder& record) {
  if (event.type == EventType::kWalletCreated) wallet = &create(wallet_id);
  DUCAT_CHECK(wallet != nullptr, "an event belongs to a wallet");
  body_.clear();
  encode(body_, static_cast<WalletNo>(wallet->stored.no), event);
  Position position = record.next_position();
  record.event(wallet->stored.no, body_);
  evolve_wallet(*wallet, event, position, body_);
  Status placed = evolve_hold(*wallet, event, position);
  DUCAT_CHECK(placed.has_value(), "a hold that was judged is in memory");
}

void WalletModel::evolve_wallet(CachedWallet& wallet, const Event& event, Position position,
                                std::string_view body) {
  touch(wallet);
  StoredWallet& stored = wallet.stored;
  evolve(stored.state, event);
  ++stored.events;
  changes_->events.push_back(
      {position, stored.no, stored.events, stored.head, event.at, changes_->keep(body)});
  stored.head = position;
  book(event);
}

// The other leg of the event: the world's account, or the one between wallets.
void WalletModel::book(const Event& event) {
  std::optional<Movement> movement = legs(event);
  if (!movement) return;
  int64_t& balance = accounts_[{movement->contra.account, movement->contra.currency}];
  std::optional<int64_t> sum = checked_add(balance, movement->contra.amount);
  DUCAT_CHECK(sum.has_value(), "the world's account is large enough");
  balance = *sum;
  accounts_touched_ = true;
}

Status WalletModel::evolve_hold(const CachedWallet& wallet, const Event& event, Position position) {
  if (event.hold.none()) return {};
  if (event.type == EventType::kFundsHeld) {
    CachedHold* hold = touch_hold(position);
    hold->stored = {position,
                    event.hold,
                    wallet.stored.no,
                    hold_placed_by(event),
                    event.at,
                    std::string(event.counterparty),
                    std::string(event.request_id),
                    {}};
    return {};
  }
  DUCAT_TRY(load_hold(event.hold));
  CachedHold* known = find_hold(event.hold);
  if (known == nullptr) return fail(Errc::kCorrupt, "an event ends a hold that is not there");
  CachedHold* hold = touch_hold(known->stored.no);
  evolve(hold->stored.hold, event);
  hold->stored.updated_at = event.at;
  hold->stored.reason = event.reason;
  return {};
}

CachedWallet& WalletModel::create(std::string_view id) {
  StoredWallet fresh;
  fresh.no = next_wallet_no_++;
  CachedWallet& wallet = cache_.add(std::string(id), fresh);
  if (in_group_) undo_.push_back({.wallet = &wallet, .created = true});
  wallet.created = true;
  return wallet;
}

void WalletModel::touch(CachedWallet& wallet) {
  if (!changes_) changes_ = std::make_unique<WalletChanges>();
  if (in_group_) undo_.push_back({.wallet = &wallet, .before = wallet.stored, .was_touched = wallet.touched});
  if (wallet.touched) return;
  wallet.touched = true;
  touched_.push_back(&wallet);
}

WalletModel::CachedHold* WalletModel::touch_hold(Position no) {
  auto [place, fresh] = holds_.try_emplace(no);
  CachedHold& hold = place->second;
  if (in_group_) {
    undo_.push_back({.hold_no = no, .hold_before = fresh ? std::nullopt : std::optional(hold)});
  }
  if (!hold.touched) {
    hold.touched = true;
    touched_holds_.push_back(no);
  }
  return &hold;
}

WalletModel::CachedHold* WalletModel::find_hold(const HoldId& id) {
  auto found = holds_.find(position_of_id(id.uuid));
  return found != holds_.end() && found->second.stored.id == id ? &found->second : nullptr;
}

Status WalletModel::load_hold(const HoldId& id) {
  Position no = position_of_id(id.uuid);
  if (shard_of_id(id.uuid) != options_.shard || holds_.contains(no)) return {};
  DUCAT_ASSIGN(std::optional<StoredHold> stored, ducat::wallet::find_hold(*connection_, no));
  if (stored) holds_[no].stored = std::move(*stored);
  return {};
}

void WalletModel::fill_answer(WalletOperation& operation, const CachedWallet* wallet) {
  Answer& answer = operation.answer;
  answer.exists = wallet != nullptr;
  if (wallet != nullptr) answer.wallet = wallet->stored;
  if (answer.hold_id.none()) return;
  const CachedHold* hold = find_hold(answer.hold_id);
  if (hold == nullptr || wallet == nullptr || hold->stored.wallet != wallet->stored.no) {
    answer.hold_id = {};
    return;
  }
  answer.hold = hold->stored.hold;
}

void WalletModel::begin_group() {
  if (!changes_) changes_ = std::make_unique<WalletChanges>();
  in_group_ = true;
  accounts_before_ = accounts_;
  group_events_ = changes_->events.size();
  group_bytes_ = changes_->bytes.size();
  group_next_no_ = next_wallet_no_;
}

void WalletModel::end_group() {
  in_group_ = false;
  undo_.clear();
}

void WalletModel::undo_group() {
  for (auto step = undo_.rbegin(); step != undo_.rend(); ++step) {
    if (step->wallet != nullptr && step->created) {
      std::erase(touched_, step->wallet);
      cache_.remove(*step->wallet);
    } else if (step->wallet != nullptr) {
      step->wallet->stored = step->before;
      if (step->wallet->touched && !step->was_touched) std::erase(touched_, step->wallet);
      step->wallet->touched = step->was_touched;
    } else if (step->hold_before) {
      if (!step->hold_before->touched) std::erase(touched_holds_, step->hold_no);
      holds_[step->hold_no] = std::move(*step->hold_before);
    } else {
      std::erase(touched_holds_, step->hold_no);
      holds_.erase(step->hold_no);
    }
  }
  accounts_ = accounts_before_;
  changes_->events.resize(group_events_);
  changes_->bytes.resize(group_bytes_);
  next_wallet_no_ = group_next_no_;
}

}  // namespace ducat::wallet
