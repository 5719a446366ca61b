#include "simulate/load/answers.h"

#include <gtest/gtest.h>

#include <string>

#include "simulate/load/settle.h"

namespace ducat::load {
namespace {

TEST(ParseCents, ReadsDigitsExactly) {
  EXPECT_EQ(parse_cents("0"), 0);
  EXPECT_EQ(parse_cents("70"), 7000);
  EXPECT_EQ(parse_cents("1.2"), 120);
  EXPECT_EQ(parse_cents("-12.34"), -1234);
  EXPECT_EQ(parse_cents("9999999999999.99"), 999'999'999'999'999);
}

TEST(ParseCents, RefusesWhatItWouldHaveToRound) {
  for (const char* text : {"", "-", "1.", ".5", "1.234", "1e3", "1.2.3", "--1", "+1", "1234567890123456"}) {
    EXPECT_FALSE(parse_cents(text)) << text;
  }
}

TEST(NumberAfter, FindsTheField) {
  EXPECT_EQ(number_after(R"({"a":1,"balance": 7.5})", "\"balance\":"), "7.5");
  EXPECT_EQ(number_after(R"({"a":1})", "\"balance\":"), "");
  EXPECT_EQ(number_after(R"({"balance":null})", "\"balance\":"), "");
}

TEST(BatchStatuses, AreReadInOrder) {
  std::vector<int> statuses;
  batch_statuses(R"([{"statusCode":200,"x":1},{"a":{"b":2},"statusCode": 422},{"statusCode":7}])", statuses);
  EXPECT_EQ(statuses, (std::vector<int>{200, 422, 0}));
}

TEST(ArrayElements, AreSplitAtTheTopLevelOnly) {
  auto elements = array_elements(R"( [{"a":[{}],"b":"}]\"{"}, {"c":{}}] )");
  ASSERT_EQ(elements.size(), 2U);
  EXPECT_EQ(elements[0], R"({"a":[{}],"b":"}]\"{"})");
  EXPECT_EQ(elements[1], R"({"c":{}})");
  EXPECT_TRUE(array_elements("[]").empty());
}

TEST(ArrayElements, AreNoneWhenTheArrayIsNotWhole) {
  EXPECT_TRUE(array_elements("").empty());
  EXPECT_TRUE(array_elements(R"({"a":1})").empty());
  EXPECT_TRUE(array_elements(R"([{"a":1})").empty());
  EXPECT_TRUE(array_elements(R"([{"a":1},{"b")").empty());
}

TEST(LagInMetrics, IsTheSumOfItsLabels) {
  EXPECT_EQ(
      lag_in_metrics("# HELP ducat_projection_lag_events x\n"
                     "ducat_projection_lag_events{name=\"a b\"} 3\nother 5\n"
                     "ducat_projection_lag_events_total 100\nducat_projection_lag_events{name=\"c\"} 1e3"),
      1003);
  EXPECT_EQ(lag_in_metrics("ducat_projection_lag_events{service=\"risk\"} 5\n"
                           "ducat_projection_lag_events{service=\"wallet\"} 7\n"),
            7);
  EXPECT_EQ(lag_in_metrics("ducat_projection_lag_events 0\n"), 0);
  EXPECT_FALSE(lag_in_metrics("other 1\n"));
}

TEST(LagInHealth, IsTheJournals) {
  EXPECT_EQ(lag_in_health(R"({"lag":9,"journal":{"position":5,"lag":12}})"), 12);
  EXPECT_FALSE(lag_in_health(R"({"lag":9})"));
}

}  // namespace
}  // namespace ducat::load
