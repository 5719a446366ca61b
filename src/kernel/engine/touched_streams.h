// What the journal's newest records have touched, so that a follower knows whether a copy of something, taken
// at a certain record, still holds.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <mutex>
#include <optional>
#include <utility>

#include "kernel/journal/journal.h"

namespace ducat::kernel {

// Thread-safe. Remembers two generations of at most `most` streams and records each; about what is older than
// both it knows nothing, and says so.
class TouchedStreams {
 public:
  explicit TouchedStreams(size_t most = 65'536) : most_(most) {}

  // Nothing is known about records before this one.
  void restart(const Tip& from) {
    std::lock_guard lock(mutex_);
    young_ = old_ = {};
    young_.after = old_.after = reached_ = from.number;
    young_.checksums[from.number] = from.checksum;
  }
  // In the order of records; all of a record's streams before `reach`.
  void add(uint64_t stream, RecordNumber record) {
    std::lock_guard lock(mutex_);
    // What this record has touched may be in both: only of what comes after it `young_` has everything.
    if (young_.streams.size() >= most_ && !young_.streams.contains(stream)) rotate(record);
    young_.streams[stream] = record;
  }
  void reach(RecordNumber record, uint64_t checksum) {
    std::lock_guard lock(mutex_);
    if (young_.checksums.size() >= most_) rotate(record);
    young_.checksums[record] = checksum;
    reached_ = record;
  }

  // What tells this journal's record of that number from another journal's, or from one that a restored
  // backup has undone; nothing if that is not known any more.
  std::optional<uint64_t> checksum(RecordNumber record) const {
    std::lock_guard lock(mutex_);
    return find(record, young_.checksums, old_.checksums);
  }
  // Whether no record after `version` (which has this checksum), up to `at` at least, has touched the stream.
  // False also if that is not known.
  bool untouched_since(uint64_t stream, RecordNumber version, uint64_t checksum, RecordNumber at) const {
    std::lock_guard lock(mutex_);
    if (version < old_.after || version > reached_ || at > reached_) return false;
    if (find(version, young_.checksums, old_.checksums) != checksum) return false;
    std::optional<RecordNumber> last = find(stream, young_.streams, old_.streams);
    return !last || *last <= version;
  }

 private:
  using Numbers = boost::unordered_flat_map<uint64_t, uint64_t>;
  struct Generation {
    Numbers streams;         // stream → the last record that has touched it
    Numbers checksums;       // of records
    RecordNumber after = 0;  // it has all there is of records after this one
  };

  static std::optional<uint64_t> find(uint64_t key, const Numbers& young, const Numbers& old) {
    if (auto found = young.find(key); found != young.end()) return found->second;
    if (auto found = old.find(key); found != old.end()) return found->second;
    return std::nullopt;
  }
  void rotate(RecordNumber record) {
    old_ = std::exchange(young_, Generation());
    young_.after = record;
  }

  const size_t most_;
  mutable std::mutex mutex_;
  Generation young_, old_;
  RecordNumber reached_ = 0;
};

}  // namespace ducat::kernel
