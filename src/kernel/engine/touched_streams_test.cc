// What is known about copies, and where that ends.
#include "kernel/engine/touched_streams.h"

#include <gtest/gtest.h>

namespace ducat::kernel {
namespace {

Tip tip(RecordNumber number) {
  Tip made;
  made.number = number;
  made.checksum = number * 10;
  return made;
}

TEST(TouchedStreams, ACopyHoldsUntilItsStreamIsTouched) {
  TouchedStreams touched;
  touched.restart(tip(7));
  EXPECT_TRUE(touched.untouched_since(1, 7, 70, 7));
  touched.add(2, 8);
  touched.reach(8, 80);
  EXPECT_TRUE(touched.untouched_since(1, 7, 70, 8));
  EXPECT_FALSE(touched.untouched_since(2, 7, 70, 8));
  EXPECT_TRUE(touched.untouched_since(2, 8, 80, 8));
}

TEST(TouchedStreams, WhatIsNotKnownIsNotClaimed) {
  TouchedStreams touched;
  touched.restart(tip(7));
  touched.reach(8, 80);
  EXPECT_FALSE(touched.untouched_since(1, 6, 60, 8)) << "before it began";
  EXPECT_FALSE(touched.untouched_since(1, 8, 80, 9)) << "not reached yet";
  EXPECT_FALSE(touched.untouched_since(1, 9, 90, 8)) << "a copy from the future";
  EXPECT_FALSE(touched.untouched_since(1, 8, 81, 8)) << "another journal's record";
  EXPECT_EQ(touched.checksum(8), 80u);
  EXPECT_EQ(touched.checksum(6), std::nullopt);
}

TEST(TouchedStreams, ForgettingOldRecordsForgetsThatNothingTouchedThem) {
  TouchedStreams touched(4);
  touched.restart(tip(0));
  for (RecordNumber record = 1; record <= 100; ++record) {
    touched.add(record % 10, record);
    touched.add(50 + record % 3, record);
    touched.reach(record, record * 10);
    for (RecordNumber version = 0; version <= record; ++version) {
      for (uint64_t stream = 0; stream < 10; ++stream) {
        if (!touched.untouched_since(stream, version, version * 10, record)) continue;
        RecordNumber last = record >= stream ? record - (record - stream) % 10 : 0;
        if (stream == 0 && record < 10) last = 0;
        ASSERT_LE(last, version) << "stream " << stream << " at record " << record;
      }
    }
    EXPECT_TRUE(touched.untouched_since(99, record, record * 10, record)) << "the newest is always known";
  }
}

}  // namespace
}  // namespace ducat::kernel
