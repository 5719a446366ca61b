// See node_table.h.
#include "kernel/merkle/node_table.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "generated/merkle_migrations.h"

namespace ducat::kernel::merkle {
namespace {

using storage::ColumnType;

constexpr uint64_t kBlock = uint64_t{1} << kStoredLevel;

constexpr storage::Column kColumns[] = {
    {"level", ColumnType::kInt64}, {"idx", ColumnType::kInt64}, {"hash", ColumnType::kBlob}};
constexpr storage::BulkTable kNodes{"merkle_nodes", kColumns, 2, storage::OnConflict::kIgnore};

Error missing(NodeId id) {
  return {Errc::kCorrupt, "the tree's node " + std::to_string(id.index) + " of level " +
                              std::to_string(id.level) + " is missing"};
}

}  // namespace

Status migrate_nodes(storage::Connection& connection) {
  return storage::migrate(connection, "merkle", storage::merkle_migrations());
}

Status write_nodes(storage::Connection& connection, std::span<const StoredNode> nodes) {
  storage::ColumnBatch rows(kColumns);
  for (const StoredNode& node : nodes) {
    if (node.id.level < kStoredLevel) continue;
    rows.add(int64_t{node.id.level});
    rows.add(static_cast<int64_t>(node.id.index));
    rows.add(bytes_of(node.hash));
  }
  return rows.rows() == 0 ? Status() : connection.write(kNodes, rows);
}

Status clear_nodes(storage::Connection& connection) {
  DUCAT_TRY(connection.execute("DELETE FROM merkle_nodes"));
  return {};
}

Result<Hash> NodeReader::stored(NodeId id) {
  std::optional<Hash> found;
  DUCAT_TRY(connection_.query("SELECT hash FROM merkle_nodes WHERE level = $1 AND idx = $2",
                              {int64_t{id.level}, static_cast<int64_t>(id.index)},
                              [&](const storage::Row& row) { found = hash_from(row.blob(0)); }));
  if (!found) return std::unexpected(missing(id));
  return *found;
}

Result<Hash> NodeReader::find(NodeId id) {
  DUCAT_CHECK((id.index + 1) << id.level <= size_, "a node of a tree lies within it");
  if (id.level >= kStoredLevel) return stored(id);
  uint64_t first = id.index << id.level;
  uint64_t number = first / kBlock;
  auto [block, fresh] = blocks_.try_emplace(number);
  if (fresh) {
    uint64_t count = std::min(kBlock, size_ - number * kBlock);
    DUCAT_ASSIGN(block->second, read_leaves_(number * kBlock, count));
    if (block->second.size() != count) return std::unexpected(missing({0, number * kBlock}));
  }
  auto leaf = block->second.begin() + static_cast<ptrdiff_t>(first % kBlock);
  std::vector<Hash> row(leaf, leaf + (ptrdiff_t{1} << id.level));
  for (; row.size() > 1; row.resize(row.size() / 2)) {
    for (size_t i = 0; i < row.size() / 2; ++i) row[i] = node_hash(row[2 * i], row[2 * i + 1]);
  }
  return row.front();
}

Result<CompactTree> NodeReader::tree() {
  std::vector<Hash> edge;
  for (NodeId id : complete_subtrees(size_)) {
    DUCAT_ASSIGN(Hash hash, find(id));
    edge.push_back(hash);
  }
  return CompactTree(size_, std::move(edge));
}

}  // namespace ducat::kernel::merkle
