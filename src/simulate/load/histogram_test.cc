#include "simulate/load/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/random.h"

namespace ducat::load {
namespace {

TEST(Histogram, IsEmptyAtFirst) {
  Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.percentile(500), 0);
  EXPECT_EQ(histogram.max(), 0);
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram histogram;
  for (int64_t v = 1; v <= 100; ++v) histogram.record(v);
  EXPECT_EQ(histogram.percentile(500), 50);
  EXPECT_EQ(histogram.percentile(990), 99);
  EXPECT_EQ(histogram.percentile(1000), 100);
  EXPECT_EQ(histogram.max(), 100);
}

TEST(Histogram, PercentilesOfAnySizeAreWithinOneSixtyFourthAbove) {
  Histogram histogram;
  SeededRandom random(5);
  std::vector<int64_t> values;
  for (int i = 0; i < 100'000; ++i) {
    auto value = static_cast<int64_t>(random.next() >> (30 + random.below(33)));  // from 1 us to 5 h
    values.push_back(value);
    histogram.record(value);
  }
  std::sort(values.begin(), values.end());
  for (uint32_t per_mille : {1U, 10U, 100U, 500U, 900U, 990U, 999U}) {
    int64_t exact = values[(values.size() * per_mille + 999) / 1000 - 1];
    int64_t told = histogram.percentile(per_mille);
    EXPECT_GE(told, exact) << per_mille;
    EXPECT_LE(told, exact + exact / 64) << per_mille;
  }
  EXPECT_EQ(histogram.max(), values.back());
}

TEST(Histogram, AValueInTheMiddleOfItsBucketDoesNotExceedTheMaximum) {
  Histogram histogram;
  histogram.record(1'000'001);
  EXPECT_EQ(histogram.percentile(500), 1'000'001);
}

TEST(Histogram, NegativeAndHugeValuesAreKeptAtTheBorders) {
  Histogram histogram;
  histogram.record(-5);
  histogram.record(INT64_MAX);
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.percentile(500), 0);
  EXPECT_EQ(histogram.max(), (int64_t{1} << 36) - 1);
}

}  // namespace
}  // namespace ducat::load
