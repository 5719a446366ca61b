// Proofs of RFC 6962: that a leaf is in a tree (section 2.1.1), and that a tree is the beginning of a larger
// one (section 2.1.2). Making them asks for hashes of complete subtrees only; checking them needs nothing but
// the proof and two roots (the algorithms of RFC 9162, sections 2.1.3.2 and 2.1.4.2).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "kernel/merkle/compact_tree.h"

namespace ducat::kernel::merkle {

// Where hashes of complete subtrees come from. Every id asked for lies within the size given.
using FindNode = std::function<Result<Hash>(NodeId)>;
using Path = std::vector<Hash>;

// O(log n) nodes each. kInvalid: the leaf, or the smaller tree, is not within the tree.
Result<Hash> root_of(uint64_t size, const FindNode& find);
Result<Path> inclusion_path(uint64_t index, uint64_t size, const FindNode& find);
Result<Path> consistency_path(uint64_t old_size, uint64_t size, const FindNode& find);

bool verify_inclusion(const Hash& leaf, uint64_t index, uint64_t size, std::span<const Hash> path,
                      const Hash& root);
bool verify_consistency(uint64_t old_size, const Hash& old_root, uint64_t size, const Hash& root,
                        std::span<const Hash> path);

}  // namespace ducat::kernel::merkle
