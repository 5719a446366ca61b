// See record_checker.h.
#include "services/audit/record_checker.h"

#include "services/audit/domain/canonical.h"

namespace ducat::audit {

std::optional<Broken> RecordChecker::check(const StoredRecord& stored) {
  uint64_t expected = tree_.size() + 1;
  if (stored.sequence != expected) {
    return Broken{expected, "record " + std::to_string(expected) + " is missing"};
  }
  // What the row says, behind the hash that the record before really has.
  Record record = stored.record();
  record.previous = last_;
  canonical_.clear();
  append_canonical(canonical_, record);
  kernel::merkle::Hash hash = kernel::merkle::leaf_hash(canonical_);
  if (hash != stored.hash) {
    return Broken{expected,
                  "record " + std::to_string(expected) + " has not the content that its hash is of"};
  }
  last_ = hash;
  tree_.append(hash);
  return std::nullopt;
}

std::optional<Broken> RecordChecker::finish(uint64_t size, const kernel::merkle::Hash& root) const {
  if (tree_.size() < size) {
    uint64_t missing = tree_.size() + 1;
    return Broken{missing, "record " + std::to_string(missing) + " is missing"};
  }
  // Every record fits its hash and the chain: somebody has made all of them anew.
  if (tree_.root() != root) return Broken{1, "the records are not those of the tree that was signed"};
  return std::nullopt;
}

}  // namespace ducat::audit
