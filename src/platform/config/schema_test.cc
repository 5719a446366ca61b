// What an operator may write for a setting.
#include "platform/config/schema.h"

#include <gtest/gtest.h>

namespace ducat::config {
namespace {

int64_t number(Type type, std::string_view text) {
  auto value = parse({.key = "k", .type = type}, text);
  return value ? std::get<int64_t>(*value) : -999;
}

std::string refusal(const Setting& setting, std::string_view text) {
  auto value = parse(setting, text);
  return value ? "accepted" : value.error().message;
}

TEST(Parse, DurationsHaveAUnitAndZeroNeedsNone) {
  EXPECT_EQ(number(Type::kDuration, "250us"), 250);
  EXPECT_EQ(number(Type::kDuration, "500ms"), 500'000);
  EXPECT_EQ(number(Type::kDuration, "30s"), 30'000'000);
  EXPECT_EQ(number(Type::kDuration, "5m"), 300'000'000);
  EXPECT_EQ(number(Type::kDuration, "24h"), 86'400'000'000);
  EXPECT_EQ(number(Type::kDuration, "7d"), 604'800'000'000);
  EXPECT_EQ(number(Type::kDuration, "0"), 0);
  for (auto text : {"", "60", "s", "-1s", "1.5s", "1 s", "1S", "99999999999d", "10s "}) {
    EXPECT_EQ(number(Type::kDuration, text), -999) << text;
  }
}

TEST(Parse, SizesAreBytesUnlessTheySayMore) {
  EXPECT_EQ(number(Type::kBytes, "4096"), 4096);
  EXPECT_EQ(number(Type::kBytes, "64KiB"), 65'536);
  EXPECT_EQ(number(Type::kBytes, "256MiB"), 268'435'456);
  EXPECT_EQ(number(Type::kBytes, "2GiB"), 2'147'483'648);
  for (auto text : {"", "1KB", "-1", "1.5MiB", "9999999999GiB"})
    EXPECT_EQ(number(Type::kBytes, text), -999) << text;
}

TEST(Parse, WholeNumbersAreWholeAndFit) {
  EXPECT_EQ(number(Type::kInteger, "-5"), -5);
  EXPECT_EQ(number(Type::kInteger, "9223372036854775807"), INT64_MAX);
  for (auto text : {"", "1.0", "+1", "0x10", "9223372036854775808", "1_000", "many"}) {
    EXPECT_EQ(number(Type::kInteger, text), -999) << text;
  }
}

TEST(Parse, BoundsAreInclusiveAndTheErrorNamesThem) {
  Setting shards{.key = "s", .type = Type::kInteger, .min = "1", .max = "64"};
  EXPECT_EQ(refusal(shards, "1"), "accepted");
  EXPECT_EQ(refusal(shards, "64"), "accepted");
  EXPECT_EQ(refusal(shards, "0"), "expected a whole number, from 1 to 64");
  EXPECT_EQ(refusal(shards, "65"), "expected a whole number, from 1 to 64");
  Setting least{.key = "s", .type = Type::kDuration, .min = "1s"};
  EXPECT_EQ(refusal(least, "999ms"), "expected a duration such as 500ms, 30s, 5m or 24h, at least 1s");
  Setting most{.key = "s", .type = Type::kBytes, .max = "1KiB"};
  EXPECT_EQ(refusal(most, "1025"), "expected a size such as 4096, 64KiB or 256MiB, at most 1KiB");
}

TEST(Parse, OnlyAllowedTextsPass) {
  Setting type{.key = "t", .type = Type::kString, .allowed = "sqlite|postgres"};
  EXPECT_EQ(refusal(type, "postgres"), "accepted");
  for (auto text : {"", "sql", "postgress", "sqlite|postgres"}) {
    EXPECT_EQ(refusal(type, text), "expected one of sqlite, postgres") << text;
  }
  Setting list{.key = "t", .type = Type::kList, .allowed = "a|b"};
  EXPECT_EQ(refusal(list, "a, b"), "accepted");
  EXPECT_EQ(refusal(list, "a,c"), "expected a list of a, b");
}

TEST(Parse, ListsAreSplitAtCommasAndMayBeEmpty) {
  auto value = parse({.key = "l", .type = Type::kList}, " a ,b,, c d ");
  EXPECT_EQ(std::get<std::vector<std::string>>(*value), (std::vector<std::string>{"a", "b", "c d"}));
  EXPECT_TRUE(std::get<std::vector<std::string>>(*parse({.key = "l", .type = Type::kList}, "")).empty());
}

TEST(Parse, TruthIsSpelledOut) {
  EXPECT_TRUE(std::get<bool>(*parse({.key = "b", .type = Type::kBool}, "true")));
  for (auto text : {"1", "yes", "True", ""})
    EXPECT_FALSE(parse({.key = "b", .type = Type::kBool}, text)) << text;
}

TEST(EditDistance, CountsTyposAsPeopleMakeThem) {
  EXPECT_EQ(edit_distance("wallet.shards", "wallet.shards"), 0U);
  EXPECT_EQ(edit_distance("wallet.shard", "wallet.shards"), 1U);
  EXPECT_EQ(edit_distance("wallet.shrads", "wallet.shards"), 1U);
  EXPECT_EQ(edit_distance("walet.shrads", "wallet.shards"), 2U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
}

constexpr Setting kTwo[] = {{.key = "wallet.shards", .type = Type::kInteger, .default_value = "1"},
                            {.key = "broker.url"}};

TEST(Schema, TheNearestNameIsFoundAndAFarOneIsNot) {
  Schema schema;
  schema.add(kTwo);
  EXPECT_EQ(schema.nearest("wallet.shard"), "wallet.shards");
  EXPECT_EQ(schema.nearest("broker.ulr"), "broker.url");
  EXPECT_EQ(schema.nearest("completely.different"), "");
}

TEST(SchemaDeathTest, ATableThatContradictsItselfIsAProgrammersError) {
  Schema schema;
  schema.add(kTwo);
  EXPECT_DEATH(schema.add(kTwo), "described once");
  static constexpr Setting kSameVariable[] = {{.key = "broker_url"}};
  EXPECT_DEATH(schema.add(kSameVariable), "one name in the environment");
  static constexpr Setting kBadDefault[] = {
      {.key = "a", .type = Type::kInteger, .default_value = "0", .min = "1"}};
  EXPECT_DEATH(schema.add(kBadDefault), "its own bounds");
  static constexpr Setting kBadKey[] = {{.key = "A.b"}};
  EXPECT_DEATH(schema.add(kBadKey), "not a setting's key");
}

}  // namespace
}  // namespace ducat::config
