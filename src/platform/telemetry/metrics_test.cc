// What a scrape shows after code has counted.
#include "platform/telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace ducat::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Metrics, RenderShowsCountersWithHelpTypeAndLabels) {
  Registry registry;
  Counter ok = registry.counter("ducat_requests_total", "Requests answered", {{"code", "200"}});
  ok.add();
  ok.add(41);
  registry.counter("ducat_requests_total", "Requests answered", {{"code", "404"}}).add(3);
  std::string text = registry.render();
  EXPECT_THAT(
      text,
      HasSubstr("# HELP ducat_requests_total Requests answered\n# TYPE ducat_requests_total counter\n"));
  EXPECT_THAT(text, HasSubstr("ducat_requests_total{code=\"200\"} 42\n"));
  EXPECT_THAT(text, HasSubstr("ducat_requests_total{code=\"404\"} 3\n"));
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameCell) {
  Registry registry;
  registry.counter("a_total", "A").add(2);
  registry.counter("a_total", "A").add(3);
  EXPECT_EQ(registry.counter("a_total", "A").value(), 5U);
}

TEST(Metrics, GaugesGoUpAndDown) {
  Registry registry;
  Gauge queue = registry.gauge("ducat_queue", "Waiting");
  queue.set(10);
  queue.add(-3);
  EXPECT_THAT(registry.render(), HasSubstr("\nducat_queue 7\n"));
}

TEST(Metrics, TimesFallIntoBucketsOfSecondsWithInclusiveBounds) {
  Registry registry;
  Histogram time = registry.time_histogram("ducat_commit_seconds", "Commit");
  time.observe(Duration{50});
  time.observe(Duration{51});
  time.observe(Duration::seconds(20));
  std::string text = registry.render();
  EXPECT_THAT(text, HasSubstr("ducat_commit_seconds_bucket{le=\"5e-05\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("ducat_commit_seconds_bucket{le=\"0.0001\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("ducat_commit_seconds_bucket{le=\"10\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("ducat_commit_seconds_bucket{le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("ducat_commit_seconds_count 3\n"));
  EXPECT_THAT(text, HasSubstr("ducat_commit_seconds_sum 20.000101\n"));
}

TEST(Metrics, CountsFallIntoBucketsOfTheirOwnUnit) {
  Registry registry;
  registry.count_histogram("ducat_batch_size", "Batch").observe(3);
  std::string text = registry.render();
  EXPECT_THAT(text, HasSubstr("ducat_batch_size_bucket{le=\"2\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("ducat_batch_size_bucket{le=\"4\"} 1\n"));
}

TEST(Metrics, AWatchedValueIsAskedAtEachRenderAndNoMoreOnceItsOwnerIsGone) {
  Registry registry;
  int asked = 0;
  {
    Watch lag = registry.watch_gauge("ducat_lag", "Lag", {{"shard", "0"}}, [&] { return ++asked; });
    EXPECT_THAT(registry.render(), HasSubstr("ducat_lag{shard=\"0\"} 1\n"));
    EXPECT_THAT(registry.render(), HasSubstr("ducat_lag{shard=\"0\"} 2\n"));
  }
  EXPECT_THAT(registry.render(), Not(HasSubstr("ducat_lag")));
  EXPECT_EQ(asked, 2);
  Watch again = registry.watch_gauge("ducat_lag", "Lag", {{"shard", "0"}}, [] { return 9.0; });
  EXPECT_THAT(registry.render(), HasSubstr("ducat_lag{shard=\"0\"} 9\n"));
}

TEST(Metrics, MoreLabelSetsThanAFamilyKeepsCountAsOther) {
  Registry registry;
  for (int i = 0; i < 1'500; ++i) registry.counter("t_total", "T", {{"route", std::to_string(i)}}).add();
  EXPECT_EQ(registry.counter("t_total", "T", {{"route", "other"}}).value(), 500U);
  EXPECT_EQ(registry.counter("t_total", "T", {{"route", "999"}}).value(), 1U);
}

TEST(Metrics, LabelValuesAreEscaped) {
  Registry registry;
  registry.counter("e_total", "E", {{"v", "a\"b\\c\nd"}}).add();
  EXPECT_THAT(registry.render(), HasSubstr(R"(e_total{v="a\"b\\c\nd"} 1)"));
}

TEST(Metrics, HandlesWithoutARegistryCountIntoNothing) {
  Counter().add();
  Gauge().set(1);
  Histogram().observe(Duration{1});
}

TEST(Metrics, CountsFromManyThreadsAddUpWhileRendering) {
  Registry registry;
  Counter counter = registry.counter("m_total", "M");
  Histogram histogram = registry.count_histogram("m_sizes", "M");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        counter.add();
        histogram.observe(i % 100);
      }
    });
  }
  for (int i = 0; i < 20; ++i) EXPECT_THAT(registry.render(), HasSubstr("m_total"));
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 40'000U);
  EXPECT_THAT(registry.render(), HasSubstr("m_sizes_count 40000\n"));
}

TEST(MetricsDeathTest, ANameUsedWithAnotherTypeIsAProgrammersError) {
  Registry registry;
  (void)registry.counter("same", "S");
  EXPECT_DEATH((void)registry.gauge("same", "S"), "one type");
}

TEST(MetricsDeathTest, ANameThatPrometheusWouldNotTakeIsAProgrammersError) {
  Registry registry;
  EXPECT_DEATH((void)registry.counter("wallet.deposits", "D"), "not a metric's name");
}

}  // namespace
}  // namespace ducat::metrics
