// Which wallet a request touches: Zipf's law, the usual stand-in for "a few accounts get most of the
// traffic". Rejection-inversion needs no table, so a million wallets cost no memory and no cache misses in a
// program that shares its cores with the server it measures.
#pragma once

#include <cstdint>

#include "base/random.h"

namespace ducat::load {

// Draws ranks 1..n with P(k) proportional to k^-exponent, exactly (up to the rounding of a double); exponent
// 0 is uniform. Immutable after construction: threads may share it, each with its own random source. Source:
// W. Hörmann, G. Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions",
// ACM TOMACS 6(3), 1996.
class Zipf {
 public:
  // n >= 1, exponent >= 0.
  Zipf(uint64_t n, double exponent);

  // A rank in 1..n. Fewer than 1.3 tries on average whatever n and the exponent are.
  uint64_t sample(SeededRandom& random) const;

 private:
  double integral(double x) const;          // H of the paper: an antiderivative of the hat
  double integral_inverse(double u) const;  // and its inverse
  double density(double x) const;           // x^-exponent

  uint64_t n_;
  double exponent_;
  double first_ = 0;  // integral(1.5) - 1: the left border, so that rank 1 is always accepted
  double last_ = 0;   // integral(n + 0.5)
  double squeeze_ = 0;
};

}  // namespace ducat::load
