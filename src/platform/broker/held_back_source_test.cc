// Positions reach the source late, and all of them do in the end.
#include "platform/broker/held_back_source.h"

#include <gtest/gtest.h>

namespace ducat::broker {
namespace {

class ManualClock final : public Clock {
 public:
  Timestamp now() override { return at; }
  Timestamp monotonic() override { return at; }
  Timestamp at = {Duration::seconds(1000).micros};
};

class PositionOnly final : public Source {
 public:
  Result<Chunk> read(uint64_t after, size_t, std::span<const std::string>) override {
    return Chunk{{}, after};
  }
  uint64_t listen(std::function<void()>) override { return 1; }
  void unlisten(uint64_t) override {}
  Result<uint64_t> published() override { return position; }
  Status set_published(uint64_t number) override {
    if (failing) return fail(Errc::kIo, "no disk");
    position = number;
    return {};
  }
  uint64_t position = 7;
  bool failing = false;
};

class HeldBackSourceTest : public testing::Test {
 protected:
  void pass(Duration time) { clock_.at = clock_.at + time; }
  ManualClock clock_;
  PositionOnly behind_;
  HeldBackSource source_{behind_, clock_, Duration::seconds(100)};
};

TEST_F(HeldBackSourceTest, PassesAPositionOnWhenItIsOldEnough) {
  ASSERT_EQ(source_.published().value_or(0), 7u);
  ASSERT_TRUE(source_.set_published(10));
  pass(Duration::seconds(60));
  ASSERT_TRUE(source_.set_published(20));
  EXPECT_EQ(behind_.position, 7u);
  pass(Duration::seconds(60));
  ASSERT_TRUE(source_.pass_on());
  EXPECT_EQ(behind_.position, 10u);
  pass(Duration::seconds(60));
  ASSERT_TRUE(source_.pass_on());
  EXPECT_EQ(behind_.position, 20u);
}

TEST_F(HeldBackSourceTest, PositionsThatComeAllTheTimeDoNotKeepEachOtherBack) {
  ASSERT_TRUE(source_.published());
  for (uint64_t i = 1; i <= 20'000; ++i) {
    ASSERT_TRUE(source_.set_published(7 + i));
    pass(Duration::millis(10));
  }
  EXPECT_GT(behind_.position, 9'900u);
  EXPECT_LE(behind_.position, 10'007u) << "no position younger than the delay";
  pass(Duration::seconds(100));
  ASSERT_TRUE(source_.pass_on());
  EXPECT_EQ(behind_.position, 20'007u);
}

TEST_F(HeldBackSourceTest, WhoeverBeginsAgainForgetsWhatIsHeldBack) {
  ASSERT_TRUE(source_.set_published(10));
  EXPECT_EQ(source_.published().value_or(0), 7u);
  pass(Duration::seconds(200));
  ASSERT_TRUE(source_.pass_on());
  EXPECT_EQ(behind_.position, 7u);
}

TEST_F(HeldBackSourceTest, PositionThatCouldNotBeSavedIsSavedLater) {
  ASSERT_TRUE(source_.set_published(10));
  pass(Duration::seconds(200));
  behind_.failing = true;
  EXPECT_FALSE(source_.pass_on());
  behind_.failing = false;
  EXPECT_TRUE(source_.pass_on());
  EXPECT_EQ(behind_.position, 10u);
}

TEST_F(HeldBackSourceTest, WithoutADelayPositionsPassAtOnce) {
  HeldBackSource at_once(behind_, clock_, Duration{});
  ASSERT_TRUE(at_once.published());
  ASSERT_TRUE(at_once.set_published(9));
  EXPECT_EQ(behind_.position, 9u);
}

}  // namespace
}  // namespace ducat::broker
