// Rejection-inversion; see zipf.h. The names follow the paper: u is uniform between H's borders, x its
// inverse, k the integer nearest to x.
#include "simulate/load/zipf.h"

#include <cmath>

#include "base/check.h"

namespace ducat::load {
namespace {

// log(1+x)/x and (exp(x)-1)/x, by their series near 0, where exponent 1 brings us.
double log1p_over(double x) {
  return std::abs(x) > 1e-8 ? std::log1p(x) / x : 1 - x * (0.5 - x / 3);
}
double expm1_over(double x) {
  return std::abs(x) > 1e-8 ? std::expm1(x) / x : 1 + x * 0.5 * (1 + x / 3);
}

// Uniform in [0, 1) with 53 bits.
double uniform(SeededRandom& random) {
  return static_cast<double>(random.next() >> 11) * 0x1.0p-53;
}

}  // namespace

Zipf::Zipf(uint64_t n, double exponent) : n_(n), exponent_(exponent) {
  DUCAT_CHECK(n >= 1 && exponent >= 0, "a Zipf distribution needs a rank and an exponent that does not grow");
  first_ = integral(1.5) - 1;
  last_ = integral(static_cast<double>(n) + 0.5);
  squeeze_ = 2 - integral_inverse(integral(2.5) - density(2));
}

uint64_t Zipf::sample(SeededRandom& random) const {
  if (exponent_ == 0) return 1 + random.below(n_);
  for (;;) {
    double u = last_ + uniform(random) * (first_ - last_);
    double x = integral_inverse(u);
    double k = std::floor(x + 0.5);
    if (k < 1) k = 1;
    if (k > static_cast<double>(n_)) k = static_cast<double>(n_);
    if (k - x <= squeeze_ || u >= integral(k + 0.5) - density(k)) return static_cast<uint64_t>(k);
  }
}

double Zipf::integral(double x) const {
  double log_x = std::log(x);
  return expm1_over((1 - exponent_) * log_x) * log_x;
}

double Zipf::integral_inverse(double u) const {
  double t = u * (1 - exponent_);
  if (t < -1) t = -1;  // rounding may cross the pole
  return std::exp(log1p_over(t) * u);
}

double Zipf::density(double x) const {
  return std::exp(-exponent_ * std::log(x));
}

}  // namespace ducat::load
