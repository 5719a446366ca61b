#include "base/fault_point.h"

#include <gtest/gtest.h>

#include <thread>

namespace ducat {
namespace {

Status production(bool& reached) {
  DUCAT_FAULT("test.point");
  reached = true;
  return {};
}

TEST(FaultPoint, DoesNothingUnlessArmed) {
  bool reached = false;
  EXPECT_FALSE(FaultPoints::any_armed());
  EXPECT_TRUE(production(reached));
  EXPECT_TRUE(reached);
}

TEST(FaultPoint, AnArmedErrorLeavesTheFunction) {
  bool reached = false;
  ArmedFault armed("test.point", [] { return Status(fail(Errc::kFull, "disk full")); });
  Status status = production(reached);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::kFull);
  EXPECT_EQ(status.error().message, "disk full");
  EXPECT_FALSE(reached);
}

TEST(FaultPoint, AnActionMayLetItPass) {
  bool reached = false;
  int hits = 0;
  ArmedFault armed("test.point", [&hits] {
    ++hits;
    return Status();
  });
  EXPECT_TRUE(production(reached));
  EXPECT_TRUE(reached);
  EXPECT_EQ(hits, 1);
}

TEST(FaultPoint, ArmingLastsForItsScope) {
  bool reached = false;
  {
    ArmedFault armed("test.point", [] { return Status(fail(Errc::kIo, "")); });
  }
  EXPECT_FALSE(FaultPoints::any_armed());
  EXPECT_TRUE(production(reached));
}

TEST(FaultPoint, OtherPointsAreNotHit) {
  bool reached = false;
  ArmedFault armed("test.other", [] { return Status(fail(Errc::kIo, "")); });
  EXPECT_TRUE(FaultPoints::any_armed());
  EXPECT_TRUE(production(reached));
}

TEST(FaultPoint, ArmingAgainReplacesAndOneDisarmIsEnough) {
  bool reached = false;
  FaultPoints::arm("test.point", [] { return Status(fail(Errc::kIo, "first")); });
  FaultPoints::arm("test.point", [] { return Status(fail(Errc::kIo, "second")); });
  EXPECT_EQ(production(reached).error().message, "second");
  FaultPoints::disarm("test.point");
  FaultPoints::disarm("test.point");
  EXPECT_FALSE(FaultPoints::any_armed());
}

TEST(FaultPoint, MayBeHitWhileItIsArmedAndDisarmed) {
  std::atomic<bool> stop{false};
  std::thread hitter([&] {
    bool reached = false;
    while (!stop) (void)production(reached);
  });
  for (int i = 0; i < 2000; ++i) {
    ArmedFault armed("test.point", [] { return Status(fail(Errc::kIo, "")); });
  }
  stop = true;
  hitter.join();
  EXPECT_FALSE(FaultPoints::any_armed());
}

TEST(Error, SaysWhetherTheSameRequestMaySucceedLater) {
  for (Errc code : {Errc::kUnavailable, Errc::kTimeout, Errc::kFull, Errc::kCancelled})
    EXPECT_TRUE((Error{code, ""}).retryable()) << to_string(code);
  for (Errc code : {Errc::kInvalid, Errc::kNotFound, Errc::kConflict, Errc::kCorrupt, Errc::kFenced,
                    Errc::kBusy, Errc::kIo})
    EXPECT_FALSE((Error{code, ""}).retryable()) << to_string(code);
}

Result<int> half(int number) {
  if (number % 2 != 0) return fail(Errc::kInvalid, "odd");
  return number / 2;
}
Result<int> quarter(int number) {
  DUCAT_ASSIGN(int first, half(number));
  DUCAT_ASSIGN(int second, half(first));
  return second;
}

TEST(Result, ErrorsReachTheCallerAsTheyAre) {
  EXPECT_EQ(*quarter(8), 2);
  ASSERT_FALSE(quarter(6));
  EXPECT_EQ(quarter(6).error().message, "odd");
}

}  // namespace
}  // namespace ducat
