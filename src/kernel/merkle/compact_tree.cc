// See compact_tree.h.
#include "kernel/merkle/compact_tree.h"

#include <bit>

#include "base/check.h"

namespace ducat::kernel::merkle {

std::vector<NodeId> complete_subtrees(uint64_t size) {
  std::vector<NodeId> subtrees;
  uint64_t begin = 0;
  for (uint64_t left = size; left != 0;) {
    auto level = static_cast<uint32_t>(std::bit_width(left) - 1);
    subtrees.push_back({level, begin >> level});
    begin += uint64_t{1} << level;
    left -= uint64_t{1} << level;
  }
  return subtrees;
}

CompactTree::CompactTree(uint64_t size, std::vector<Hash> edge) : size_(size), edge_(std::move(edge)) {
  DUCAT_CHECK(edge_.size() == static_cast<size_t>(std::popcount(size)), "one hash for each bit of the size");
}

void CompactTree::append(const Hash& leaf, const OnNode& on_node) {
  Hash hash = leaf;
  uint32_t level = 0;
  // As in counting: each one bit at the end of the size is a subtree that this leaf completes.
  for (uint64_t bits = size_; bits & 1; bits >>= 1) {
    hash = node_hash(edge_.back(), hash);
    edge_.pop_back();
    ++level;
    if (on_node) on_node({level, size_ >> level}, hash);
  }
  edge_.push_back(hash);
  ++size_;
}

Hash CompactTree::root() const {
  if (edge_.empty()) return empty_root();
  Hash hash = edge_.back();
  for (size_t i = edge_.size() - 1; i-- > 0;) hash = node_hash(edge_[i], hash);
  return hash;
}

}  // namespace ducat::kernel::merkle
