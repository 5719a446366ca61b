#include "services/wallet/wallet_cache.h"

#include <gtest/gtest.h>

namespace ducat::wallet {
namespace {

CachedWallet& add(WalletCache& cache, uint64_t no, kernel::RecordNumber pinned_by = 0) {
  StoredWallet stored;
  stored.no = no;
  stored.events = no * 10;
  CachedWallet& wallet = cache.add("wallet " + std::to_string(no), stored);
  wallet.pinned_by = pinned_by;
  return wallet;
}
CachedWallet* find(WalletCache& cache, uint64_t no) {
  return cache.find("wallet " + std::to_string(no));
}

TEST(WalletCache, FindsByIdAndByNumber) {
  WalletCache cache(10);
  CachedWallet& added = add(cache, 7);
  EXPECT_EQ(find(cache, 7), &added);
  EXPECT_EQ(cache.find(uint64_t{7}), &added);
  EXPECT_EQ(cache.find(uint64_t{8}), nullptr);
  EXPECT_EQ(cache.find("wallet 8"), nullptr);
}

TEST(WalletCache, WalletsStayWhereTheyAreWhileOthersCome) {
  WalletCache cache(100'000);
  CachedWallet& first = add(cache, 1);
  for (uint64_t no = 2; no <= 10'000; ++no) add(cache, no);
  EXPECT_EQ(find(cache, 1), &first);
  EXPECT_EQ(first.id, "wallet 1");
  EXPECT_EQ(find(cache, 5'000)->stored.events, 50'000u);
}

TEST(WalletCache, ARemovedWalletIsGoneByBothNames) {
  WalletCache cache(10);
  cache.remove(add(cache, 1));
  EXPECT_EQ(find(cache, 1), nullptr);
  EXPECT_EQ(cache.find(uint64_t{1}), nullptr);
  EXPECT_EQ(cache.size(), 0u);
}

TEST(WalletCache, EvictsNothingWhileThereIsRoom) {
  WalletCache cache(100);
  for (uint64_t no = 1; no <= 100; ++no) add(cache, no);
  cache.evict(1000);
  EXPECT_EQ(cache.size(), 100u);
}

TEST(WalletCache, EvictionMakesRoomInAFewRounds) {
  WalletCache cache(64);
  for (uint64_t no = 1; no <= 1000; ++no) add(cache, no);
  for (int round = 0; round < 4; ++round) cache.evict(1000);
  EXPECT_LE(cache.size(), 64u);
  EXPECT_GT(cache.size(), 32u) << "and not much more than asked";
}

TEST(WalletCache, WhatTheTablesDoNotHaveStays) {
  WalletCache cache(16);
  for (uint64_t no = 1; no <= 200; ++no) add(cache, no, no);
  for (int round = 0; round < 10; ++round) cache.evict(150);
  for (uint64_t no = 151; no <= 200; ++no) EXPECT_NE(find(cache, no), nullptr) << no;
  EXPECT_EQ(cache.size(), 50u) << "nothing else is left: it was needed";
}

TEST(WalletCache, WhatTheBatchUnderWayChangesStays) {
  WalletCache cache(16);
  add(cache, 1).touched = true;
  for (uint64_t no = 2; no <= 200; ++no) add(cache, no);
  for (int round = 0; round < 10; ++round) cache.evict(1000);
  EXPECT_NE(find(cache, 1), nullptr);
  EXPECT_LE(cache.size(), 16u);
}

TEST(WalletCache, WalletsThatAreUsedOutliveThoseThatAreNot) {
  WalletCache cache(64);
  for (uint64_t no = 1; no <= 8; ++no) add(cache, no);
  for (uint64_t no = 100; no < 1000; ++no) {
    add(cache, no);
    for (uint64_t hot = 1; hot <= 8; ++hot) find(cache, hot);
    cache.evict(1000);
  }
  for (uint64_t hot = 1; hot <= 8; ++hot) EXPECT_NE(find(cache, hot), nullptr) << hot;
  EXPECT_LE(cache.size(), 64u);
}

}  // namespace
}  // namespace ducat::wallet
