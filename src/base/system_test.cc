#include "base/system.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace ducat {
namespace {

TEST(IdRandom, ThreadsThatShareItGetDifferentNumbers) {
  constexpr size_t kThreads = 4, kEach = 1000;
  IdRandom random;
  std::vector<std::vector<uint64_t>> drawn(kThreads);
  std::vector<std::thread> threads;
  for (auto& mine : drawn) {
    threads.emplace_back([&random, &mine] {
      for (size_t i = 0; i < kEach; ++i) mine.push_back(random.next());
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<uint64_t> all;
  for (const auto& mine : drawn) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), kThreads * kEach);
}

}  // namespace
}  // namespace ducat
