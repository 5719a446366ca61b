// A small world of wallets that any numbers can drive: it carries out commands, keeps states, holds and
// sagas, and lets the invariants watch. For property tests, which hand it nonsense, and for tests of the
// invariants, which plant a bug in it.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "services/wallet/domain/commands.h"
#include "services/wallet/domain/invariants.h"
#include "services/wallet/domain/testing/given.h"

namespace ducat::wallet::testing {

// One step of the world. All values are reduced to what they choose from.
struct Op {
  uint32_t kind = 0;
  uint32_t wallet = 0;
  uint32_t other = 0;
  uint32_t number = 0;
};

class World {
 public:
  static constexpr size_t kWallets = 6;
  static constexpr std::array<std::string_view, kWallets> kNames = {"w0", "w1", "w2", "w3", "w4", "w5"};

  // Planted bugs. `blind` changes what the rules see of a wallet; `tamper` what becomes of one.
  std::function<void(Wallet&)> blind;
  std::function<void(const Event&, Wallet& after)> tamper;

  World() : invariants_(all_invariants()) {}

  void carry_out(const Op& op) {
    ++step_;
    const size_t a = op.wallet % kWallets;
    const size_t b = op.other % kWallets;
    const Decimal amount{op.number % 4 == 0 ? op.number % 3 : op.number % 20'000,
                         static_cast<int>(op.other % 3)};
    switch (op.kind % 16) {
      case 0:
      case 1:
        return done(a, a, run(a, Deposit{kNames[a], amount, currency_for(op)}));
      case 2:
        return done(a, a, run(a, Withdraw{amount}));
      case 3:
        return transfer(a, b, amount);
      case 4:
        return reserve(a, b, amount);
      case 5:
        return advance_saga(op.number);
      case 6:
        return done(a, a, run(a, PlaceHold{amount, expiry_for(op)}));
      case 7:
        return end_hold(op);
      case 8:
        return done(a, a,
                    run(a, SetDailyLimit{op.number % 3 == 0 ? std::nullopt : std::optional(amount), ""}));
      case 9:
        return done(a, a, run(a, SetCreditLimit{amount, ""}));
      case 10:
        return administer(a, op.number);
      default:
        now_ =
            now_ + Duration::seconds(op.number % 40'000) - Duration::seconds(op.number % 7 == 0 ? 20'000 : 0);
    }
  }

  // Brings every saga to its end, so that transit must be empty.
  void finish_sagas() {
    while (!sagas_.empty()) advance_saga(0);
    note(transit_.name(), transit_.after_commit());
  }

  // "name: what", in the order they were found.
  const std::vector<std::string>& violations() const { return violations_; }
  bool found(std::string_view name) const {
    return std::ranges::any_of(violations_, [&](const std::string& each) { return each.starts_with(name); });
  }
  const std::vector<std::pair<size_t, Event>>& log() const { return log_; }
  const std::array<std::optional<Wallet>, kWallets>& wallets() const { return wallets_; }

 private:
  struct OpenHold {
    size_t wallet = 0;
    Hold hold{};
  };
  struct Saga {
    SagaId id{};
    size_t from = 0;
    size_t to = 0;
    std::optional<bool> credited{};
  };

  Context context() const { return {.now = now_, .new_id = id_of_step(), .request_id = "r"}; }
  Uuid id_of_step() const {
    Uuid id;
    for (size_t i = 0; i < 8; ++i) id.bytes[i] = static_cast<uint8_t>(step_ >> (8 * (7 - i)));
    id.bytes[15] = 1;
    return id;
  }
  static std::optional<Currency> currency_for(const Op& op) {
    if (op.other % 8 == 0) return Currency::kJpy;
    return op.other % 8 == 1 ? std::optional(Currency::kUsd) : std::nullopt;
  }
  std::optional<Timestamp> expiry_for(const Op& op) const {
    return op.other % 2 == 0 ? std::nullopt : std::optional(now_ + Duration::seconds(op.number % 100'000));
  }

  // What the rules are shown of a wallet; null if there is none.
  const Wallet* shown(size_t index, Wallet& copy) const {
    if (!wallets_[index]) return nullptr;
    copy = *wallets_[index];
    if (blind) blind(copy);
    return &copy;
  }
  template <typename Command>
  Decision run(size_t index, const Command& command) const {
    Wallet copy;
    return decide(shown(index, copy), command, context());
  }
  template <typename Command>
  Decision run(size_t index, const Hold* hold, const Command& command) const {
    Wallet copy;
    return decide(shown(index, copy), hold, command, context());
  }

  void transfer(size_t from, size_t to, Decimal amount) {
    Wallet sender;
    Wallet receiver;
    done(from, to,
         decide(shown(from, sender), shown(to, receiver), Transfer{kNames[from], kNames[to], amount},
                context()));
  }

  void reserve(size_t from, size_t to, Decimal amount) {
    Decision decision = run(from, ReserveTransfer{kNames[from], kNames[to], amount});
    done(from, from, decision);
    if (decision) sagas_.push_back({.id = {id_of_step()}, .from = from, .to = to});
  }

  void advance_saga(uint32_t number) {
    if (sagas_.empty()) return;
    const size_t index = number % sagas_.size();
    Saga& saga = sagas_[index];
    const Hold& hold = holds_.at({saga.id.uuid}).hold;
    if (!saga.credited) {
      const Money amount{hold.amount, wallets_[saga.from]->currency};
      Decision credit = run(saga.to, CreditTransfer{saga.id, kNames[saga.from], kNames[saga.to], amount});
      saga.credited = credit.has_value();
      return done(saga.to, saga.to, credit);
    }
    Decision end = *saga.credited
                       ? run(saga.from, &hold, SettleTransfer{saga.id, kNames[saga.to]})
                       : run(saga.from, &hold, CompensateTransfer{saga.id, kNames[saga.to], "refused"});
    DUCAT_CHECK(end.has_value(), "the end of a saga is never refused");
    const size_t from = saga.from;
    sagas_.erase(sagas_.begin() + static_cast<ptrdiff_t>(index));
    done(from, from, end);
  }

  void end_hold(const Op& op) {
    if (holds_.empty()) return;
    auto chosen = std::next(holds_.begin(), static_cast<ptrdiff_t>(op.number % holds_.size()));
    const auto& [id, open] = *chosen;
    const size_t wallet = open.wallet;
    std::optional<Decimal> part;
    if (op.other % 2 == 0) part = Decimal{op.number % 500, 2};
    switch (op.other % 3) {
      case 0:
        return done(wallet, wallet, run(wallet, &open.hold, CaptureHold{id, part}));
      case 1:
        return done(wallet, wallet, run(wallet, &open.hold, VoidHold{id}));
      default:
        return done(wallet, wallet, run(wallet, &open.hold, ExpireHold{id}));
    }
  }

  void administer(size_t wallet, uint32_t number) {
    // Rarely, or nothing would happen to a world of frozen wallets.
    if (number % 8 == 0) return done(wallet, wallet, run(wallet, FreezeWallet{}));
    if (number % 40 == 1) return empty_and_close(wallet);
    done(wallet, wallet, run(wallet, UnfreezeWallet{}));
  }

  void empty_and_close(size_t wallet) {
    if (!wallets_[wallet]) return;
    const Decimal all{wallets_[wallet]->balance, exponent_of(wallets_[wallet]->currency)};
    done(wallet, wallet, run(wallet, Withdraw{all}));
    done(wallet, wallet, run(wallet, CloseWallet{}));
  }

  // Applies what was decided, party 0 to wallet `first`, party 1 to wallet `second`.
  void done(size_t first, size_t second, const Decision& decision) {
    if (!decision) return;
    for (const PartyEvent& each : *decision) apply(each.party == 0 ? first : second, each.event);
  }

  void apply(size_t index, const Event& event) {
    const Wallet before = wallets_[index].value_or(Wallet{});
    Wallet after = before;
    evolve(after, event);
    if (tamper) tamper(event, after);
    wallets_[index] = after;
    log_.emplace_back(index, event);
    if (event.type == EventType::kFundsHeld) holds_[event.hold] = {index, hold_placed_by(event)};
    if (!event.hold.none()) evolve(holds_.at(event.hold).hold, event);

    const Step step{.wallet = WalletNo{index}, .event = event, .before = before, .after = after};
    for (const auto& invariant : invariants_) note(invariant->name(), invariant->after_event(step));
    note(transit_.name(), transit_.after_event(step));
  }

  void note(std::string_view name, const Violation& violation) {
    if (violation) violations_.push_back(std::string(name) + ": " + *violation);
  }

  Timestamp now_ = kNoon;
  uint64_t step_ = 0;
  std::array<std::optional<Wallet>, kWallets> wallets_{};
  std::map<HoldId, OpenHold> holds_;
  std::vector<Saga> sagas_;
  std::vector<std::pair<size_t, Event>> log_;
  std::vector<std::unique_ptr<Invariant>> invariants_;
  TransitIsEmpty transit_;
  std::vector<std::string> violations_;
};

// A world's history that follows from the seed.
inline std::vector<Op> random_ops(uint64_t seed, size_t count) {
  SeededRandom random(seed);
  std::vector<Op> ops(count);
  for (Op& op : ops) {
    op = {static_cast<uint32_t>(random.next()), static_cast<uint32_t>(random.next()),
          static_cast<uint32_t>(random.next()), static_cast<uint32_t>(random.next())};
  }
  return ops;
}

}  // namespace ducat::wallet::testing
