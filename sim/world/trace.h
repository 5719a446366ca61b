// The fingerprint of a run: everything the simulator decides, every disk operation and whatever the workload
// adds is folded into one number, in order. The same seed must give the same number; if it does not,
// something outside the seed (an address, the real clock, another thread) has a say in the run.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/hash.h"

namespace ducat::sim {

// Lives as long as its world. One thread. Cannot fail.
class Trace {
 public:
  // `what` names the kind of entry; the numbers are the entry.
  template <typename... Numbers>
  void add(std::string_view what, Numbers... numbers) {
    record_.clear();
    ByteWriter writer(record_);
    writer.text(what);
    (writer.fixed64(static_cast<uint64_t>(numbers)), ...);
    hash_ = hash64(record_, hash_);
    ++entries_;
  }
  void add_text(std::string_view what, std::string_view text) { add(what, hash64(text)); }

  uint64_t hash() const { return hash_; }
  uint64_t entries() const { return entries_; }

 private:
  uint64_t hash_ = 0;
  uint64_t entries_ = 0;
  std::string record_;
};

}  // namespace ducat::sim
