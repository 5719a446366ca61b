// What the stored tree promises on either database.
#pragma once

#include <gtest/gtest.h>

#include "kernel/merkle/node_table.h"
#include "kernel/testing/backends.h"

namespace ducat::kernel::merkle::testing {

class NodeContract : public kernel::testing::OnBackend {
 protected:
  void SetUp() override {
    OnBackend::SetUp();
    if (backend_ == nullptr) return;
    database_ = backend_->open("tree", false);
    connection_ = std::move(*database_->connect(storage::Access::kWriter));
    ASSERT_DONE(migrate_nodes(*connection_));
  }
  void grow(size_t count) {
    std::vector<StoredNode> nodes;
    for (size_t i = 0; i < count; ++i) {
      leaves_.push_back(leaf_hash(std::to_string(leaves_.size())));
      edge_.append(leaves_.back(), [&](NodeId id, const Hash& hash) { nodes.push_back({id, hash}); });
      roots_.push_back(edge_.root());
    }
    ASSERT_DONE(write_nodes(*connection_, nodes));
    ASSERT_DONE(write_nodes(*connection_, nodes)) << "again, and nothing changes";
  }
  ReadLeaves reader() {
    return [this](uint64_t begin, uint64_t count) -> Result<std::vector<Hash>> {
      leaves_read_ += count;
      auto first = leaves_.begin() + static_cast<ptrdiff_t>(begin);
      return std::vector<Hash>(first, first + static_cast<ptrdiff_t>(count));
    };
  }

  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<storage::Connection> connection_;
  std::vector<Hash> leaves_;
  std::vector<Hash> roots_ = {empty_root()};
  CompactTree edge_;
  uint64_t leaves_read_ = 0;
};

TEST_P(NodeContract, ProvesAnyLeafInATreeOfAnySizeWithFewReads) {
  grow(3000);
  for (uint64_t size : {1, 255, 256, 257, 1000, 2048, 2999, 3000}) {
    for (uint64_t index : {uint64_t{0}, size / 3, size - 1}) {
      NodeReader nodes(*connection_, size, reader());
      leaves_read_ = 0;
      auto path = inclusion_path(index, size, nodes.finder());
      ASSERT_DONE(path);
      EXPECT_TRUE(verify_inclusion(leaves_[index], index, size, *path, roots_[size]))
          << index << " of " << size;
      EXPECT_LE(leaves_read_, 512u);
    }
  }
}

TEST_P(NodeContract, ProvesThatTheTreeOnlyGrew) {
  grow(1500);
  for (uint64_t old : {1, 200, 256, 700, 1024, 1499}) {
    NodeReader nodes(*connection_, 1500, reader());
    auto path = consistency_path(old, 1500, nodes.finder());
    ASSERT_DONE(path);
    EXPECT_TRUE(verify_consistency(old, roots_[old], 1500, roots_[1500], *path)) << old;
  }
}

TEST_P(NodeContract, GoesOnFromWhatIsStored) {
  grow(1111);
  NodeReader nodes(*connection_, 1111, reader());
  auto resumed = nodes.tree();
  ASSERT_DONE(resumed);
  EXPECT_EQ(resumed->root(), roots_[1111]);
  EXPECT_EQ(resumed->size(), 1111u);
}

TEST_P(NodeContract, SaysWhichNodeIsMissing) {
  grow(600);
  ASSERT_DONE(clear_nodes(*connection_));
  NodeReader nodes(*connection_, 600, reader());
  EXPECT_FAILS(nodes.tree(), Errc::kCorrupt);
}

TEST_P(NodeContract, StoresARowForAHundredAndTwentyEightLeaves) {
  grow(4096);
  EXPECT_EQ(kernel::testing::number(*connection_, "SELECT count(*) FROM merkle_nodes"), 31);
}

}  // namespace ducat::kernel::merkle::testing
