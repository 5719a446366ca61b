// See proof.h. The makers follow the recursive definitions of RFC 6962 over ranges of leaves: a range that is
// a complete subtree is looked up, any other is split where the RFC splits it.
#include "kernel/merkle/proof.h"

#include <algorithm>
#include <bit>

namespace ducat::kernel::merkle {
namespace {

// Leaves [begin, begin + count); `begin` is a multiple of the smallest power of two that is not below count.
struct Range {
  uint64_t begin = 0;
  uint64_t count = 0;
};

// The largest power of two below `count`, which is at least 2.
uint64_t split_of(uint64_t count) {
  return std::bit_floor(count - 1);
}

Result<Hash> hash_of(Range range, const FindNode& find) {
  if (std::has_single_bit(range.count)) {
    auto level = static_cast<uint32_t>(std::countr_zero(range.count));
    return find({level, range.begin >> level});
  }
  uint64_t split = split_of(range.count);
  DUCAT_ASSIGN(Hash left, hash_of({range.begin, split}, find));
  DUCAT_ASSIGN(Hash right, hash_of({range.begin + split, range.count - split}, find));
  return node_hash(left, right);
}

}  // namespace

Result<Hash> root_of(uint64_t size, const FindNode& find) {
  if (size == 0) return empty_root();
  return hash_of({0, size}, find);
}

Result<Path> inclusion_path(uint64_t index, uint64_t size, const FindNode& find) {
  if (index >= size) return fail(Errc::kInvalid, "the leaf is not in a tree of that size");
  Path path;
  // From the root down, so the siblings come in the opposite order of the path's.
  for (Range range{0, size}; range.count > 1;) {
    uint64_t split = split_of(range.count);
    Range left{range.begin, split}, right{range.begin + split, range.count - split};
    bool goes_left = index < right.begin;
    DUCAT_ASSIGN(Hash sibling, hash_of(goes_left ? right : left, find));
    path.push_back(sibling);
    range = goes_left ? left : right;
  }
  std::reverse(path.begin(), path.end());
  return path;
}

Result<Path> consistency_path(uint64_t old_size, uint64_t size, const FindNode& find) {
  if (old_size > size) return fail(Errc::kInvalid, "the older tree is larger than the newer");
  Path path;
  if (old_size == 0 || old_size == size) return path;
  Range range{0, size};
  // Whether the old tree's part of the range is what the verifier knows already (RFC 6962's b).
  bool known = true;
  while (old_size != range.begin + range.count) {
    uint64_t split = split_of(range.count);
    Range left{range.begin, split}, right{range.begin + split, range.count - split};
    bool goes_left = old_size <= right.begin;
    if (!goes_left) known = false;
    DUCAT_ASSIGN(Hash sibling, hash_of(goes_left ? right : left, find));
    path.push_back(sibling);
    range = goes_left ? left : right;
  }
  if (!known) {
    DUCAT_ASSIGN(Hash start, hash_of(range, find));
    path.push_back(start);
  }
  std::reverse(path.begin(), path.end());
  return path;
}

bool verify_inclusion(const Hash& leaf, uint64_t index, uint64_t size, std::span<const Hash> path,
                      const Hash& root) {
  if (index >= size) return false;
  uint64_t node = index, last = size - 1;
  Hash hash = leaf;
  for (const Hash& sibling : path) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      hash = node_hash(sibling, hash);
      while ((node & 1) == 0 && node != 0) node >>= 1, last >>= 1;
    } else {
      hash = node_hash(hash, sibling);
    }
    node >>= 1, last >>= 1;
  }
  return last == 0 && hash == root;
}

bool verify_consistency(uint64_t old_size, const Hash& old_root, uint64_t size, const Hash& root,
                        std::span<const Hash> path) {
  if (old_size > size) return false;
  if (old_size == size) return path.empty() && old_root == root;
  if (old_size == 0) return path.empty() && old_root == empty_root();
  bool complete = std::has_single_bit(old_size);
  if (path.empty() && !complete) return false;
  uint64_t node = old_size - 1, last = size - 1;
  while ((node & 1) != 0) node >>= 1, last >>= 1;
  size_t next = 0;
  Hash old_hash = complete ? old_root : path[next++];
  Hash hash = old_hash;
  for (; next < path.size(); ++next) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      old_hash = node_hash(path[next], old_hash);
      hash = node_hash(path[next], hash);
      while ((node & 1) == 0 && node != 0) node >>= 1, last >>= 1;
    } else {
      hash = node_hash(hash, path[next]);
    }
    node >>= 1, last >>= 1;
  }
  return last == 0 && old_hash == old_root && hash == root;
}

}  // namespace ducat::kernel::merkle
