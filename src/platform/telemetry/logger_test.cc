// What an operator finds in the log.
#include "platform/telemetry/logger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <vector>

#include "base/check.h"

namespace ducat::log {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Timestamp kTime{1'767'323'045'678'000};  // 2026-01-02T03:04:05.678Z

class FixedClock final : public Clock {
 public:
  Timestamp now() override { return kTime; }
  Timestamp monotonic() override { return kTime; }
};

// A started log whose lines the test keeps; `hold` makes the log's thread wait in the middle of a line.
class StartedLog {
 public:
  explicit StartedLog(Options options = {}) {
    options.format = options.format == Format::kAuto ? Format::kJson : options.format;
    options.clock = &clock_;
    options.write = [this](std::string_view line) { take(line); };
    EXPECT_TRUE(start(std::move(options)));
  }
  ~StartedLog() { stop(); }

  std::vector<std::string> lines() {
    EXPECT_TRUE(flush());
    std::lock_guard lock(mutex_);
    return lines_;
  }
  void hold() {
    std::lock_guard lock(mutex_);
    held_ = true;
  }
  void wait_until_it_holds() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_; });
  }
  void release() {
    std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }

 private:
  void take(std::string_view line) {
    std::unique_lock lock(mutex_);
    waiting_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held_; });
    lines_.emplace_back(line);
  }

  FixedClock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  bool held_ = false;
  bool waiting_ = false;
};

TEST(Logger, AnEventIsOneLineOfJsonWithTimeLevelServiceAndFields) {
  StartedLog log({.service = "wallet"});
  info("wallet.recovered", {{"position", 12}, {"size", 5U}, {"clean", true}, {kRequestId, "r-1"}});
  EXPECT_THAT(log.lines(),
              ElementsAre("{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"info\",\"service\":\"wallet\","
                          "\"event\":\"wallet.recovered\",\"position\":12,\"size\":5,\"clean\":true,"
                          "\"request_id\":\"r-1\"}\n"));
}

TEST(Logger, TextIsForReadingAndQuotesOnlyWhatNeedsIt) {
  StartedLog log({.format = Format::kText});
  warn("disk.slow", {{"file", "a b"}, {"ms", -5}});
  EXPECT_THAT(log.lines(), ElementsAre("2026-01-02T03:04:05.678Z warn  disk.slow file=\"a b\" ms=-5\n"));
}

TEST(Logger, LevelsBelowTheConfiguredOneAreNotWritten) {
  StartedLog log({.level = Level::kWarn});
  debug("a");
  info("b");
  error("c");
  EXPECT_THAT(log.lines(), ElementsAre(HasSubstr("\"event\":\"c\"")));
}

TEST(Logger, AFailureCarriesItsCodeMessageAndWhetherToRetry) {
  StartedLog log;
  error("journal.append_failed", Error{Errc::kFull, "disk full"}, {{"shard", 0}});
  EXPECT_THAT(log.lines(),
              ElementsAre(HasSubstr("\"shard\":0,\"code\":\"" + std::string(to_string(Errc::kFull)) +
                                    "\",\"message\":\"disk full\",\"retryable\":true}")));
}

TEST(Logger, NothingInAValueEndsTheLineOrTheString) {
  Field field("text", std::string_view("a\n\"\\\t\x01\x7f\0z", 9));
  std::string json = format_json(kTime, Level::kInfo, "s", "e", {&field, 1});
  EXPECT_THAT(json, HasSubstr(R"("text":"a\n\"\\\t\u0001\u007f\u0000z")"));
}

TEST(Logger, BytesThatAreNotUtf8AreReplacedAndTheRestKept) {
  Field field("text", "ok é \xC3( \xED\xA0\x80 \xF0\x9F\x98\x80 \xFF");
  std::string json = format_json(kTime, Level::kInfo, "s", "e", {&field, 1});
  EXPECT_THAT(json, HasSubstr("\"text\":\"ok é \uFFFD( \uFFFD\uFFFD\uFFFD \U0001F600 \uFFFD\""));
}

TEST(Logger, AValueThatIsTooLongIsCut) {
  std::string big(100'000, 'x');
  Field field("text", big);
  EXPECT_LT(format_json(kTime, Level::kInfo, "s", "e", {&field, 1}).size(), 9'000U);
  EXPECT_LT(format_text(kTime, Level::kInfo, "e", {&field, 1}).size(), 9'000U);
}

TEST(Logger, AFullQueueDropsTheOldestCountsAndReportsThemWithoutBlocking) {
  StartedLog log({.queue_lines = 10});
  log.hold();
  info("first");
  log.wait_until_it_holds();
  for (int i = 0; i < 100; ++i) info("next", {{"i", i}});
  EXPECT_EQ(dropped(), 90U);
  log.release();
  std::vector<std::string> lines = log.lines();
  EXPECT_THAT(lines, ::testing::Contains(HasSubstr("\"event\":\"log.dropped\",\"lines\":9")));
  EXPECT_THAT(lines, ::testing::Contains(HasSubstr("\"i\":99}")));
  EXPECT_THAT(lines, ::testing::Not(::testing::Contains(HasSubstr("\"i\":5}"))));
}

TEST(Logger, FlushGivesUpWhenTheLogCannotKeepItsTime) {
  StartedLog log;
  log.hold();
  info("stuck");
  EXPECT_FALSE(flush(Duration::millis(4)));
  log.release();
  EXPECT_TRUE(flush());
}

TEST(Logger, StopWritesWhatWaits) {
  std::mutex mutex;
  int lines = 0;
  ASSERT_TRUE(start({.write = [&](std::string_view) {
    std::lock_guard lock(mutex);
    ++lines;
  }}));
  for (int i = 0; i < 1'000; ++i) info("x");
  stop();
  EXPECT_EQ(lines, 1'000);
}

TEST(LoggerDeathTest, AFailedCheckHasWhatWasLoggedWritten) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        (void)start({.format = Format::kText});
        for (int i = 0; i < 100; ++i) info("before.the.end", {{"i", i}});
        DUCAT_CHECK(1 + 1 == 3, "planted");
      },
      "i=99");
}

TEST(Logger, NamesOfLevelsAndFormatsAreRead) {
  EXPECT_EQ(parse_level("warn"), Level::kWarn);
  EXPECT_EQ(parse_level("WARNING"), std::nullopt);
  EXPECT_EQ(parse_format("text"), Format::kText);
  EXPECT_EQ(parse_format(""), std::nullopt);
}

}  // namespace
}  // namespace ducat::log
