// What a test expects of a Result or a Status.
#pragma once

#include <gtest/gtest.h>

#include "base/result.h"

// It has succeeded; else the test ends here and says why not.
#define ASSERT_DONE(expr)          \
  if (auto&& done = (expr); !done) \
  FAIL() << ::ducat::to_string(done.error().code) << ": " << done.error().message
// It has failed with this code.
#define EXPECT_FAILS(expr, expected)                                                  \
  if (auto&& done = (expr); done) {                                                   \
    ADD_FAILURE() << #expr << " succeeded";                                           \
  } else {                                                                            \
    EXPECT_STREQ(::ducat::to_string(done.error().code), ::ducat::to_string(expected)) \
        << done.error().message;                                                      \
  }
