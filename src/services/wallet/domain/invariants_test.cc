// Each invariant against a bug planted in the world: it must find it, and nothing where there is none
// (replay_test).
#include "services/wallet/domain/invariants.h"

#include "services/wallet/domain/testing/world.h"

namespace ducat::wallet {
namespace {

using namespace testing;

// Lets sabotaged worlds run until the invariant of that name says something.
::testing::AssertionResult finds(std::string_view name, const std::function<void(World&)>& sabotage) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    World world;
    sabotage(world);
    for (const Op& op : random_ops(seed, 300)) {
      world.carry_out(op);
      if (world.found(name)) return ::testing::AssertionSuccess();
    }
  }
  return ::testing::AssertionFailure() << "'" << name << "' found nothing";
}

TEST(MoneyIsConserved, FindsACentThatADepositMakesUp) {
  EXPECT_TRUE(finds("money is conserved", [](World& world) {
    world.tamper = [](const Event& event, Wallet& after) {
      if (event.type == EventType::kFundsDeposited) after.balance += 1;
    };
  }));
}

TEST(MoneyIsConserved, FindsACaptureThatLeavesTheMoney) {
  EXPECT_TRUE(finds("money is conserved", [](World& world) {
    world.tamper = [](const Event& event, Wallet& after) {
      if (event.type == EventType::kHoldCaptured) after.balance += event.amount;
    };
  }));
}

TEST(MoneyIsConserved, KeepsTheAccountsOfEachCurrency) {
  MoneyIsConserved invariant;
  Wallet before{.currency = Currency::kUsd};
  Decision decision = decide(&before, Deposit{"ann", dec("5"), {}}, kContext);
  ASSERT_TRUE(decision);
  Wallet then = after(&before, decision);
  EXPECT_EQ(invariant.after_event({WalletNo{1}, (*decision)[0].event, before, then}), std::nullopt);
  EXPECT_EQ(invariant.totals().at(Currency::kUsd).wallets, 500);
  EXPECT_EQ(invariant.totals().at(Currency::kUsd).world, -500);
}

TEST(TransitIsEmpty, FindsATransferWithoutItsSecondLeg) {
  Wallet ann = with_balance("100");
  Decision decision = decide(&ann, nullptr, Transfer{"ann", "bob", dec("30")}, kContext);
  ASSERT_TRUE(decision);
  TransitIsEmpty invariant;
  Wallet then = after(&ann, decision);
  EXPECT_EQ(invariant.after_event({WalletNo{1}, (*decision)[0].event, ann, then}), std::nullopt);
  EXPECT_EQ(invariant.after_commit(), "transit holds 3000 minor units of USD");

  Wallet bob{.currency = Currency::kUsd};
  Wallet richer = with_balance("30");
  EXPECT_EQ(invariant.after_event({WalletNo{2}, (*decision)[2].event, bob, richer}), std::nullopt);
  EXPECT_EQ(invariant.after_commit(), std::nullopt);
}

TEST(NoOverdraft, FindsSpendingOnCreditThatIsNotThere) {
  EXPECT_TRUE(finds("no overdraft", [](World& world) {
    world.blind = [](Wallet& wallet) { wallet.credit_limit = 1'000'000'000; };
  }));
}

TEST(NoOverdraft, FindsMoneyThatIsTakenUnjudged) {
  EXPECT_TRUE(finds("no overdraft", [](World& world) {
    world.tamper = [](const Event& event, Wallet& after) {
      if (event.type == EventType::kHoldVoided) after.balance -= event.amount + 1;
    };
  }));
}

TEST(HeldIsTheSumOfHolds, FindsAHoldThatIsFreedInPart) {
  EXPECT_TRUE(finds("held is the sum of the holds", [](World& world) {
    world.tamper = [](const Event& event, Wallet& after) {
      if (event.type == EventType::kHoldVoided) after.held += 1;
    };
  }));
}

TEST(HeldIsTheSumOfHolds, FindsAHoldThatIsNotCounted) {
  EXPECT_TRUE(finds("held is the sum of the holds", [](World& world) {
    world.tamper = [](const Event& event, Wallet& after) {
      if (event.type == EventType::kFundsHeld) after.open_holds -= 1;
    };
  }));
}

TEST(HeldIsTheSumOfHolds, FindsAHoldThatEndsTwice) {
  HeldIsTheSumOfHolds invariant;
  const Wallet before{.held = 100, .open_holds = 1, .currency = Currency::kUsd};
  const Wallet then{.currency = Currency::kUsd};
  const Event held{
      .type = EventType::kFundsHeld, .currency = Currency::kUsd, .amount = 100, .hold = {uuid(1)}};
  const Event voided{
      .type = EventType::kHoldVoided, .currency = Currency::kUsd, .amount = 100, .hold = {uuid(1)}};
  EXPECT_EQ(invariant.after_event({WalletNo{1}, held, then, before}), std::nullopt);
  EXPECT_EQ(invariant.after_event({WalletNo{1}, voided, before, then}), std::nullopt);
  EXPECT_NE(invariant.after_event({WalletNo{1}, voided, before, then}), std::nullopt);
}

TEST(DailyLimitIsKept, FindsALimitThatIsNotLookedAt) {
  EXPECT_TRUE(finds("the daily limit is kept",
                    [](World& world) { world.blind = [](Wallet& wallet) { wallet.daily_limit.reset(); }; }));
}

TEST(DailyLimitIsKept, FindsSpendingThatIsNotCounted) {
  EXPECT_TRUE(finds("the daily limit is kept", [](World& world) {
    world.tamper = [](const Event& event, Wallet& after) {
      if (event.type == EventType::kFundsWithdrawn) after.day_spent = 0;
    };
  }));
}

TEST(DailyLimitIsKept, FindsAHoldThatIsNotGivenBack) {
  EXPECT_TRUE(finds("the daily limit is kept", [](World& world) {
    world.tamper = [](const Event& event, Wallet& after) {
      if (event.type == EventType::kHoldVoided) after.day_spent += event.amount;
    };
  }));
}

}  // namespace
}  // namespace ducat::wallet
