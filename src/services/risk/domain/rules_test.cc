// Every kind of rule, and what histories remember.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "services/risk/domain/alert.h"

namespace ducat::risk {
namespace {

constexpr Timestamp at_second(int64_t second) {
  return {(1'800'000'000 + second) * 1'000'000};
}

Movement withdrawal(int64_t second, int64_t cents = 1'00) {
  return {"ann", MovementKind::kWithdrawal, at_second(second), {cents, Currency::kUsd}, {}};
}
Movement deposit(int64_t second, int64_t cents = 1'00) {
  return {"ann", MovementKind::kDeposit, at_second(second), {cents, Currency::kUsd}, {}};
}
Movement transfer(int64_t second, std::string_view receiver, int64_t cents = 1'00) {
  return {"ann", MovementKind::kTransfer, at_second(second), {cents, Currency::kUsd}, receiver};
}

RuleSet rules_of(std::vector<std::string> lines) {
  auto rules = RuleSet::parse(lines);
  EXPECT_TRUE(rules) << rules.error().message;
  return std::move(*rules);
}

// The movements one after the other; what the last one opens, and no alert is pending.
std::vector<Opened> opened_by(const RuleSet& rules, const std::vector<Movement>& movements,
                              const std::vector<std::string_view>& pending = {}) {
  History history;
  std::vector<Opened> opened;
  for (const Movement& movement : movements) {
    Receiver receiver = evolve(history, remembered(movement), rules.memory());
    opened = judge(rules, history, movement, receiver, pending);
  }
  return opened;
}

TEST(VelocityRule, FindsTheFourthWithdrawalWithinTheWindow) {
  RuleSet rules = rules_of({"rapid kind=velocity count=3 window=5m"});
  EXPECT_TRUE(opened_by(rules, {withdrawal(0), withdrawal(1), withdrawal(2)}).empty());
  auto opened = opened_by(rules, {withdrawal(0), withdrawal(1), withdrawal(2), withdrawal(299)});
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].rule, "rapid");
  EXPECT_EQ(opened[0].details, R"({"timeWindow":"5 minutes","withdrawalCount":4})");
}

TEST(VelocityRule, FindsThemInWhateverOrderTheyCome) {
  RuleSet rules = rules_of({"rapid kind=velocity count=3 window=5m"});
  auto opened = opened_by(rules, {withdrawal(10), withdrawal(40), withdrawal(20), withdrawal(30)});
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].details, R"({"timeWindow":"5 minutes","withdrawalCount":4})");
  EXPECT_TRUE(opened_by(rules, {withdrawal(310), withdrawal(320), withdrawal(20), withdrawal(10)}).empty());
}

TEST(ManyReceiversRule, FindsThemInWhateverOrderTheyCome) {
  RuleSet rules = rules_of({"many kind=many_receivers count=2 window=5m"});
  EXPECT_EQ(opened_by(rules, {transfer(30, "a"), transfer(10, "b"), transfer(20, "c")}).size(), 1U);
}

TEST(VelocityRule, SlidesItsWindow) {
  RuleSet rules = rules_of({"rapid kind=velocity count=3 window=5m"});
  EXPECT_TRUE(opened_by(rules, {withdrawal(0), withdrawal(1), withdrawal(2), withdrawal(300)}).empty());
  EXPECT_EQ(
      opened_by(rules, {withdrawal(0), withdrawal(100), withdrawal(200), withdrawal(300), withdrawal(399)})
          .size(),
      1U);
}

TEST(VelocityRule, CountsTransfersAndNoDeposits) {
  RuleSet rules = rules_of({"rapid kind=velocity count=1 window=5m"});
  EXPECT_EQ(opened_by(rules, {withdrawal(0), transfer(1, "bob")}).size(), 1U);
  EXPECT_TRUE(opened_by(rules, {withdrawal(0), deposit(1)}).empty());
  EXPECT_TRUE(opened_by(rules, {deposit(0), deposit(1), withdrawal(2)}).empty());
}

TEST(AmountRule, FindsStrictlyMoreThanItsThresholdInAnyCurrency) {
  RuleSet rules = rules_of({"high kind=amount threshold=10000"});
  EXPECT_TRUE(opened_by(rules, {withdrawal(0, 10'000'00)}).empty());
  auto opened = opened_by(rules, {withdrawal(0, 10'000'01)});
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].details, R"({"amount":10000.01,"threshold":10000})");
  EXPECT_EQ(opened_by(rules, {deposit(0, 15'000'00)}).size(), 1U);
  Movement yen = withdrawal(0);
  yen.amount = {10'000, Currency::kJpy};
  EXPECT_TRUE(opened_by(rules, {yen}).empty());
  yen.amount.minor = 10'001;
  EXPECT_EQ(opened_by(rules, {yen}).size(), 1U);
  EXPECT_EQ(opened_by(rules_of({"high kind=amount threshold=0.05"}), {withdrawal(0, 6)})[0].details,
            R"({"amount":0.06,"threshold":0.05})");
}

TEST(NewReceiverRule, FindsOnlyTheFirstTransferToSomebody) {
  RuleSet rules = rules_of({"first kind=new_receiver threshold=500"});
  EXPECT_EQ(opened_by(rules, {transfer(0, "bob", 501'00)}).size(), 1U);
  EXPECT_TRUE(opened_by(rules, {transfer(0, "bob"), transfer(1, "bob", 501'00)}).empty());
  EXPECT_EQ(opened_by(rules, {transfer(0, "bob"), transfer(1, "eve", 501'00)}).size(), 1U);
  EXPECT_TRUE(opened_by(rules, {transfer(0, "bob", 500'00)}).empty());
  EXPECT_TRUE(opened_by(rules, {withdrawal(0, 501'00)}).empty());
}

TEST(ManyReceiversRule, CountsDifferentReceiversWithinTheWindow) {
  RuleSet rules = rules_of({"many kind=many_receivers count=2 window=1h"});
  EXPECT_TRUE(
      opened_by(rules, {transfer(0, "a"), transfer(1, "b"), transfer(2, "a"), transfer(3, "b")}).empty());
  auto opened = opened_by(rules, {transfer(0, "a"), transfer(1, "b"), transfer(2, "c")});
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].details, R"({"timeWindow":"1 hour","receiverCount":3})");
  EXPECT_TRUE(opened_by(rules, {transfer(0, "a"), transfer(1, "b"), transfer(3600, "c")}).empty());
}

TEST(Judge, OpensNoSecondAlertWhileOneIsPending) {
  RuleSet rules = rules_of({"high kind=amount threshold=1", "higher kind=amount threshold=2 shadow=true"});
  auto opened = opened_by(rules, {withdrawal(0, 3'00)}, {"high"});
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].rule, "higher");
  EXPECT_TRUE(opened[0].shadow);
}

TEST(JudgeChange, RefusesWhatIsClosedOrNotThere) {
  Alert alert;
  EXPECT_EQ(judge_change(nullptr), AlertRefusal::kNotFound);
  EXPECT_EQ(judge_change(&alert), AlertRefusal::kNone);
  alert.status = AlertStatus::kInvestigating;
  EXPECT_EQ(judge_change(&alert), AlertRefusal::kNone);
  alert.status = AlertStatus::kClosed;
  EXPECT_EQ(judge_change(&alert), AlertRefusal::kClosed);
}

TEST(History, IsTheSameInWhateverOrderMovementsCome) {
  rc::check([](std::vector<uint8_t> seconds) {
    constexpr Duration kReach = Duration::seconds(60);
    auto fold = [](const std::vector<uint8_t>& order) {
      History history;
      for (uint8_t second : order) evolve(history, remembered(withdrawal(second)), {kReach, 16});
      return history;
    };
    History straight = fold(seconds);
    std::vector<uint8_t> backwards(seconds.rbegin(), seconds.rend());
    RC_ASSERT(fold(backwards) == straight);
    RC_ASSERT(straight.recent.size() <= 16);
  });
}

TEST(History, IsBounded) {
  History history;
  std::vector<std::string> names;
  for (int i = 0; i < 2000; ++i) names.push_back("wallet-" + std::to_string(i));
  for (int i = 0; i < 2000; ++i) {
    evolve(history, remembered(transfer(i, names[static_cast<size_t>(i)])),
           {.reach = Duration::seconds(100'000), .most = 100});
  }
  EXPECT_EQ(history.recent.size(), 100U);
  EXPECT_EQ(history.recent.back().at, at_second(1999));
  EXPECT_EQ(history.receivers.size(), kMaxReceivers);
  EXPECT_TRUE(std::is_sorted(history.receivers.begin(), history.receivers.end()));
}

TEST(RuleSet, RemembersMoreThanItsRulesCount) {
  Memory two = rules_of({"a kind=velocity count=3 window=5m", "b kind=amount threshold=1"}).memory();
  EXPECT_EQ(two.reach, Duration::seconds(300));
  EXPECT_EQ(two.most, 64U);
  EXPECT_EQ(rules_of({"a kind=velocity count=30 window=5m"}).memory().most, 120U);
  EXPECT_EQ(rules_of({"a kind=many_receivers count=255 window=5m"}).memory().most, kMaxRecent);
}

TEST(RuleSet, SaysWhatIsWrongWithALine) {
  auto message = [](std::string line) {
    std::vector<std::string> lines{std::move(line)};
    auto rules = RuleSet::parse(lines);
    return rules ? std::string("accepted") : rules.error().message;
  };
  EXPECT_EQ(message("a kind=velocity count=3 window=5m"), "accepted");
  EXPECT_NE(message("a kind=velocity count=3").find("window is missing"), std::string::npos);
  EXPECT_NE(message("a kind=velocity count=0 window=5m").find("count must be"), std::string::npos);
  EXPECT_NE(message("a kind=velocity count=3 window=5").find("window must be"), std::string::npos);
  EXPECT_NE(message("a kind=velocity count=3 window=32d").find("window must be"), std::string::npos);
  EXPECT_NE(message("a kind=amount threshold=x").find("threshold must be"), std::string::npos);
  EXPECT_NE(message("a kind=amount threshold=-1").find("threshold must be"), std::string::npos);
  EXPECT_NE(message("a kind=amount threshold=1 window=5m").find("no parameter window"), std::string::npos);
  EXPECT_NE(message("a kind=astrology").find("velocity, amount"), std::string::npos);
  EXPECT_NE(message("kind=amount threshold=1").find("expected a name"), std::string::npos);
  EXPECT_NE(message("").find("expected a name"), std::string::npos);
  EXPECT_NE(message("a kind=amount threshold=1 shadow=maybe").find("shadow must be"), std::string::npos);
  std::vector<std::string> twice{"a kind=amount threshold=1", "a kind=amount threshold=2"};
  EXPECT_FALSE(RuleSet::parse(twice));
}

TEST(Describe, UsesTheLargestUnitThatLeavesNoRest) {
  EXPECT_EQ(describe(Duration::seconds(300)), "5 minutes");
  EXPECT_EQ(describe(Duration::seconds(60)), "1 minute");
  EXPECT_EQ(describe(Duration::seconds(3'600)), "1 hour");
  EXPECT_EQ(describe(Duration::seconds(90)), "90 seconds");
  EXPECT_EQ(describe(Duration::seconds(172'800)), "2 days");
}

}  // namespace
}  // namespace ducat::risk
