// The log's table passes its own checks, and what is set arrives.
#include "platform/telemetry/log_settings.h"

#include <gtest/gtest.h>

namespace ducat::log {
namespace {

Result<config::Settings> load(std::vector<config::Override> overrides) {
  config::Schema schema;
  schema.add(settings());
  return config::load(schema, {.overrides = std::move(overrides)});
}

TEST(LogSettings, TheDefaultsAreThoseOfTheOptions) {
  auto loaded = load({});
  ASSERT_TRUE(loaded);
  Options options = options_from(*loaded);
  EXPECT_EQ(options.level, Options().level);
  EXPECT_EQ(options.format, Options().format);
  EXPECT_EQ(options.service, Options().service);
  EXPECT_EQ(options.queue_lines, Options().queue_lines);
}

TEST(LogSettings, WhatIsSetArrives) {
  auto loaded = load({{"log.level=warn"}, {"log.format=json"}, {"log.service=wallet"}, {"log.queue=100"}});
  ASSERT_TRUE(loaded);
  Options options = options_from(*loaded);
  EXPECT_EQ(options.level, Level::kWarn);
  EXPECT_EQ(options.format, Format::kJson);
  EXPECT_EQ(options.service, "wallet");
  EXPECT_EQ(options.queue_lines, 100U);
}

TEST(LogSettings, ALevelThatDoesNotExistIsRefused) {
  EXPECT_FALSE(load({{"log.level=loud"}}));
}

}  // namespace
}  // namespace ducat::log
