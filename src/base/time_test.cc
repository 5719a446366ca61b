#include "base/time.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace ducat {
namespace {

constexpr int64_t kNoon = 1'772'366'400'000'000;   // 2026-03-01T12:00:00Z
constexpr int64_t kEnd = 253'402'300'800'000'000;  // 10000-01-01T00:00:00Z

std::optional<int64_t> micros(std::string_view text) {
  auto time = parse_iso8601(text);
  return time ? std::optional(time->micros) : std::nullopt;
}

TEST(Iso8601, WritesMillisecondsRoundedDown) {
  EXPECT_EQ(to_iso8601({0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_iso8601({kNoon + 678'999}), "2026-03-01T12:00:00.678Z");
  EXPECT_EQ(to_iso8601({951'782'399'999'999}), "2000-02-28T23:59:59.999Z");
  EXPECT_EQ(to_iso8601({951'782'400'000'000}), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(to_iso8601({kEnd - 1}), "9999-12-31T23:59:59.999Z");
}

TEST(Iso8601, WhatIsWrittenIsReadBack) {
  SeededRandom random(1);
  for (int i = 0; i < 20'000; ++i) {
    auto millis = static_cast<int64_t>(random.below(kEnd / 1000));
    EXPECT_EQ(micros(to_iso8601({millis * 1000})), millis * 1000);
  }
}

TEST(Iso8601, EveryDayOfFourCenturiesFollowsTheOneBefore) {
  std::string last;
  for (int64_t day = 0; day < 146'097; ++day) {
    std::string text = to_iso8601({day * 86'400'000'000}).substr(0, 10);
    ASSERT_LT(last, text);
    ASSERT_EQ(micros(text), day * 86'400'000'000) << text;
    last = std::move(text);
  }
  EXPECT_EQ(last, "2369-12-31");
}

TEST(Iso8601, ReadsDatesTimesAndZones) {
  EXPECT_EQ(micros("2026-03-01"), kNoon - 43'200'000'000);
  EXPECT_EQ(micros("2026-03-01T12:00:00Z"), kNoon);
  EXPECT_EQ(micros("2026-03-01t12:00:00z"), kNoon);
  EXPECT_EQ(micros("2026-03-01 12:00:00"), kNoon) << "no zone means UTC";
  EXPECT_EQ(micros("2026-03-01T12:00"), kNoon);
  EXPECT_EQ(micros("2026-03-01T14:00:00+02:00"), kNoon);
  EXPECT_EQ(micros("2026-03-01T14:00:00+0200"), kNoon);
  EXPECT_EQ(micros("2026-03-01T06:30:00-05:30"), kNoon);
}

TEST(Iso8601, CutsFractionsToMicroseconds) {
  EXPECT_EQ(micros("2026-03-01T12:00:00.1Z"), kNoon + 100'000);
  EXPECT_EQ(micros("2026-03-01T12:00:00.000001Z"), kNoon + 1);
  EXPECT_EQ(micros("2026-03-01T12:00:00.000001999Z"), kNoon + 1);
  EXPECT_EQ(micros("2026-03-01T12:00:00.999999999Z"), kNoon + 999'999);
  EXPECT_EQ(micros("2026-03-01T12:00:00.Z"), std::nullopt);
  EXPECT_EQ(micros("2026-03-01T12:00:00.1234567890Z"), std::nullopt);
  EXPECT_EQ(micros("2026-03-01T12:00.5Z"), std::nullopt) << "a fraction is one of a second";
}

TEST(Iso8601, RefusesWhatIsNoDate) {
  for (std::string_view text : {"",
                                "now",
                                "2026",
                                "2026-3-01",
                                "2026-13-01",
                                "2026-00-01",
                                "2026-02-30",
                                "2025-02-29",
                                "1900-02-28",
                                "1969-12-31",
                                "2026-03-01T",
                                "2026-03-01T24:00:00Z",
                                "2026-03-01T12:60:00Z",
                                "2026-03-01T12:00:60Z",
                                "2026-03-01T12:00:00ZZ",
                                "2026-03-01T12:00:00+15:00",
                                "2026-03-01T12:00:00+2",
                                "2026-03-01X12:00:00Z",
                                " 2026-03-01",
                                "2026-03-01 ",
                                "1970-01-01T00:00:00+00:01",
                                "9999-12-31T23:59:59-00:01"}) {
    EXPECT_EQ(micros(text), std::nullopt) << text;
  }
}

TEST(Time, SpansAndPointsAddUp) {
  Timestamp noon{kNoon};
  EXPECT_EQ((noon + Duration::seconds(1) - noon).micros, 1'000'000);
  EXPECT_EQ(((noon - Duration::millis(2)) - noon).micros, -2000);
  EXPECT_EQ(noon.utc_day(), 20'513);
  EXPECT_EQ(Timestamp{kNoon + 43'199'999'999}.utc_day(), 20'513);
  EXPECT_EQ(Timestamp{kNoon + 43'200'000'000}.utc_day(), 20'514);
}

}  // namespace
}  // namespace ducat
