// The tree's nodes as a table: one row for each complete subtree of 256 leaves or more, which is one row for
// 128 leaves. Smaller subtrees are made from the leaves themselves, 256 of which are one short range of the
// owner's table. So a proof for any leaf and any size reads at most two such ranges and O(log n) rows, and
// the tree costs its owner hardly a write.
//
// Rows never change once they are there; a table that is dropped is made again from the leaves.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "kernel/merkle/proof.h"
#include "platform/storage/database.h"

namespace ducat::kernel::merkle {

// Subtrees from this level on are stored.
inline constexpr uint32_t kStoredLevel = 8;

struct StoredNode {
  NodeId id;
  Hash hash;
};

// Creates the table `merkle_nodes` or brings it up to date; one tree for each database.
Status migrate_nodes(storage::Connection& connection);
// Writes nodes in the connection's transaction; again: nothing changes. Nodes below kStoredLevel are left
// out.
Status write_nodes(storage::Connection& connection, std::span<const StoredNode> nodes);
// Empties the table, in the connection's transaction.
Status clear_nodes(storage::Connection& connection);

// The hashes of the leaves [begin, begin + count), all of which exist; fewer only where they are missing.
using ReadLeaves = std::function<Result<std::vector<Hash>>(uint64_t begin, uint64_t count)>;

// Finds nodes of a tree of `size` leaves, all of which are in the tables, and keeps the last ranges of
// leaves. One thread; lives for one proof. kCorrupt: a row or a leaf is missing.
class NodeReader {
 public:
  NodeReader(storage::Connection& connection, uint64_t size, ReadLeaves read_leaves)
      : connection_(connection), size_(size), read_leaves_(std::move(read_leaves)) {}

  Result<Hash> find(NodeId id);
  FindNode finder() {
    return [this](NodeId id) { return find(id); };
  }
  // The tree's right edge, to go on from.
  Result<CompactTree> tree();

 private:
  Result<Hash> stored(NodeId id);

  storage::Connection& connection_;
  const uint64_t size_;
  const ReadLeaves read_leaves_;
  std::map<uint64_t, std::vector<Hash>> blocks_;  // by their number
};

}  // namespace ducat::kernel::merkle
