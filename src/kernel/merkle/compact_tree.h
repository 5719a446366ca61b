// The right edge of a growing Merkle tree: the roots of its complete subtrees, one for each bit of its size.
// It is all that appending and the root need: 64 hashes at most, whatever the size.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "kernel/merkle/hash.h"

namespace ducat::kernel::merkle {

// A complete subtree: the 2^level leaves from index * 2^level on.
struct NodeId {
  uint32_t level = 0;
  uint64_t index = 0;
  auto operator<=>(const NodeId&) const = default;
};

// Gets the hash of every complete subtree of level 1 or more at the moment it is complete.
using OnNode = std::function<void(NodeId, const Hash&)>;

// The complete subtrees that a tree of this size consists of, from left to right: the largest first.
std::vector<NodeId> complete_subtrees(uint64_t size);

// A value. One thread.
class CompactTree {
 public:
  CompactTree() = default;
  // `edge`: the hashes of complete_subtrees(size), in that order.
  CompactTree(uint64_t size, std::vector<Hash> edge);

  // Amortised two hashes; 64 at most.
  void append(const Hash& leaf, const OnNode& on_node = {});
  uint64_t size() const { return size_; }
  // RFC 6962's MTH of all leaves. O(log n) hashes.
  Hash root() const;

 private:
  uint64_t size_ = 0;
  std::vector<Hash> edge_;
};

}  // namespace ducat::kernel::merkle
