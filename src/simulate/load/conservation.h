// The proof at the end of every run: no money came into being and none went. What the wallets hold afterwards
// must be what they held before, plus what was deposited, minus what was withdrawn. A load test that does not
// check its result measures how fast a server can be wrong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/int128.h"

namespace ducat::load {

// Whether a deposit or withdrawal happened: the answer says so, or says no, or never came (a timeout, a
// broken connection, a 5xx after which nobody knows).
enum class Outcome : uint8_t { kDone, kRefused, kUnknown };

struct ConservationResult {
  bool checked = false;
  bool ok = false;
  uint64_t wallets = 0;        // how many were read
  int64_t expected_least = 0;  // cents; differs from expected_most by the movements with unknown outcome
  int64_t expected_most = 0;
  int64_t actual = 0;
  std::string problem;  // empty when ok
};

// Keeps the books of one run. Amounts are cents. One thread.
class Conservation {
 public:
  explicit Conservation(uint32_t wallets) : baseline_(wallets, 0), touched_(wallets, 0) {}

  void set_baseline(uint32_t wallet, int64_t cents) { baseline_[wallet] = cents; }
  void touch(uint32_t wallet) { touched_[wallet] = 1; }
  // Money that entered (positive) or left (negative) the wallets. Transfers move nothing in or out.
  void moved(int64_t cents, Outcome outcome);

  // The wallets whose balance the check needs.
  std::vector<uint32_t> touched() const;
  // A balance after the run, of each touched wallet once.
  void read(uint32_t wallet, int64_t cents);
  ConservationResult check() const;

 private:
  std::vector<int64_t> baseline_;
  std::vector<uint8_t> touched_;
  // A wrong server may answer anything: the sums themselves must not overflow.
  Int128 done_ = 0;
  Int128 maybe_in_ = 0;
  Int128 maybe_out_ = 0;
  Int128 actual_ = 0;
  uint64_t read_ = 0;
  uint64_t negative_ = 0;  // wallets found below zero
};

}  // namespace ducat::load
