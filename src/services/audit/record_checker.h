// Checks records as the tables have them, one after the other from the first: number, chain, hash, and at the
// end the tree's root. Whoever reads them (a request, the command line) feeds it.
#pragma once

#include <optional>
#include <string>

#include "kernel/merkle/compact_tree.h"
#include "services/audit/store/queries.h"

namespace ducat::audit {

struct Broken {
  uint64_t sequence = 0;  // the first record that is not what it was
  std::string reason;
};

// A value; one thread. After something broken it must not be fed any more.
class RecordChecker {
 public:
  std::optional<Broken> check(const StoredRecord& record);
  // After the last record: as many as there should be, with this root.
  std::optional<Broken> finish(uint64_t size, const kernel::merkle::Hash& root) const;

  uint64_t size() const { return tree_.size(); }
  const kernel::merkle::CompactTree& tree() const { return tree_; }

 private:
  kernel::merkle::CompactTree tree_;
  Digest last_{};
  std::string canonical_;  // scratch
};

}  // namespace ducat::audit
