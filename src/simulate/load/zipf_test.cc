#include "simulate/load/zipf.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace ducat::load {
namespace {

constexpr int kDraws = 1'000'000;

// Chi-square over the first ranks one by one and the rest together, against the exact law.
double chi_square(uint64_t n, double exponent, size_t first_ranks) {
  std::vector<double> probability(n + 1);
  double norm = 0;
  for (uint64_t k = 1; k <= n; ++k) norm += std::pow(static_cast<double>(k), -exponent);
  for (uint64_t k = 1; k <= n; ++k) probability[k] = std::pow(static_cast<double>(k), -exponent) / norm;

  Zipf zipf(n, exponent);
  SeededRandom random(7);
  std::vector<int> seen(first_ranks + 2);
  for (int i = 0; i < kDraws; ++i) {
    uint64_t k = zipf.sample(random);
    EXPECT_GE(k, 1U);
    EXPECT_LE(k, n);
    ++seen[std::min<uint64_t>(k, first_ranks + 1)];
  }
  double sum = 0;
  double rest = 1;
  for (size_t k = 1; k <= first_ranks; ++k) {
    double expected = probability[k] * kDraws;
    sum += (seen[k] - expected) * (seen[k] - expected) / expected;
    rest -= probability[k];
  }
  double expected = rest * kDraws;
  return sum + (seen[first_ranks + 1] - expected) * (seen[first_ranks + 1] - expected) / expected;
}

// With 20 degrees of freedom chi-square exceeds 45.3 in one case of a thousand; the seed is fixed.
TEST(Zipf, FollowsTheLawAtExponentOne) {
  EXPECT_LT(chi_square(100'000, 1.0, 20), 45.3);
}
TEST(Zipf, FollowsTheLawBelowOne) {
  EXPECT_LT(chi_square(1'000, 0.5, 20), 45.3);
}
TEST(Zipf, FollowsTheLawAboveOne) {
  EXPECT_LT(chi_square(100'000, 1.5, 20), 45.3);
}
TEST(Zipf, IsUniformAtExponentZero) {
  EXPECT_LT(chi_square(1'000, 0.0, 20), 45.3);
}

TEST(Zipf, TheTestSeesAWrongLaw) {
  Zipf wrong(100'000, 1.02);
  SeededRandom random(7);
  int ones = 0;
  for (int i = 0; i < kDraws; ++i) ones += wrong.sample(random) == 1 ? 1 : 0;
  // Exponent 1 gives rank 1 a share of 1 / H(100000) = 1 / 12.0901.
  EXPECT_GT(std::abs(ones - kDraws / 12.0901), 5 * std::sqrt(kDraws / 12.0901));
}

TEST(Zipf, OneRankIsAlwaysDrawn) {
  Zipf zipf(1, 1.0);
  SeededRandom random(1);
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(zipf.sample(random), 1U);
}

TEST(Zipf, TheSameSeedDrawsTheSameRanks) {
  Zipf zipf(1'000'000, 1.0);
  SeededRandom a(3);
  SeededRandom b(3);
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(zipf.sample(a), zipf.sample(b));
}

}  // namespace
}  // namespace ducat::load
