#include "kernel/projection/reader_position.h"

#include <gtest/gtest.h>

#include "kernel/projection/projector.h"
#include "platform/storage/open.h"
#include "platform/storage/testing/temporary_directory.h"

namespace ducat::kernel {
namespace {

class ReaderPositions : public testing::Test {
 protected:
  void SetUp() override {
    storage::StorageTarget target;
    target.path = directory_.file("tables.db");
    database_ = std::move(*storage::open(target));
    connection_ = std::move(*database_->connect(storage::Access::kWriter));
    ASSERT_TRUE(open_checkpoint(*connection_).has_value());
  }
  storage::TemporaryDirectory directory_;
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<storage::Connection> connection_;
};

TEST_F(ReaderPositions, StartAtZeroAndMoveForwardOnly) {
  EXPECT_EQ(*reader_position(*connection_, "feed"), 0u);
  EXPECT_TRUE(move_reader(*connection_, "feed", 7).has_value());
  EXPECT_EQ(*reader_position(*connection_, "feed"), 7u);
  Status again = move_reader(*connection_, "feed", 7);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, Errc::kConflict);
  EXPECT_EQ(*reader_position(*connection_, "other"), 0u);
}

TEST_F(ReaderPositions, AreUndoneWithTheEffectTheyBelongTo) {
  {
    auto transaction = storage::Transaction::begin(*connection_);
    ASSERT_TRUE(move_reader(*connection_, "feed", 3).has_value());
  }
  EXPECT_EQ(*reader_position(*connection_, "feed"), 0u);
}

TEST_F(ReaderPositions, AreListedAndCanBeSetBack) {
  ASSERT_TRUE(move_reader(*connection_, "b", 2).has_value());
  ASSERT_TRUE(move_reader(*connection_, "a", 9).has_value());
  ASSERT_TRUE(reset_reader(*connection_, "a", 1).has_value());
  auto all = reader_positions(*connection_);
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[0].name, "a");
  EXPECT_EQ((*all)[0].record, 1u);
}

}  // namespace
}  // namespace ducat::kernel
