// See conservation.h.
#include "simulate/load/conservation.h"

#include <limits>

namespace ducat::load {

void Conservation::moved(int64_t cents, Outcome outcome) {
  if (outcome == Outcome::kDone) done_ += cents;
  if (outcome == Outcome::kUnknown) (cents > 0 ? maybe_in_ : maybe_out_) += cents;
}

std::vector<uint32_t> Conservation::touched() const {
  std::vector<uint32_t> wallets;
  for (uint32_t i = 0; i < touched_.size(); ++i) {
    if (touched_[i] != 0) wallets.push_back(i);
  }
  return wallets;
}

void Conservation::read(uint32_t wallet, int64_t cents) {
  // Only touched wallets have a part in the sum; another one would bring its baseline out of balance.
  if (touched_[wallet] == 0) return;
  actual_ += cents;
  ++read_;
  if (cents < 0) ++negative_;
}

ConservationResult Conservation::check() const {
  Int128 before = done_;
  uint64_t wanted = 0;
  for (size_t i = 0; i < touched_.size(); ++i) {
    if (touched_[i] == 0) continue;
    before += baseline_[i];
    ++wanted;
  }
  Int128 least = before + maybe_out_;
  Int128 most = before + maybe_in_;
  ConservationResult result{.checked = true,
                            .ok = false,
                            .wallets = read_,
                            .expected_least = static_cast<int64_t>(least),
                            .expected_most = static_cast<int64_t>(most),
                            .actual = static_cast<int64_t>(actual_),
                            .problem = {}};
  constexpr Int128 kLimit = std::numeric_limits<int64_t>::max();
  if (read_ != wanted) {
    result.problem = "read " + std::to_string(read_) + " of " + std::to_string(wanted) + " wallets";
  } else if (negative_ != 0) {
    result.problem = std::to_string(negative_) + " wallets are below zero";
  } else if (actual_ > kLimit || most > kLimit || actual_ < least || actual_ > most) {
    result.problem = actual_ < least ? "money is missing" : "money came from nowhere";
  }
  result.ok = result.problem.empty();
  return result;
}

}  // namespace ducat::load
