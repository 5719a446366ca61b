// Which source wins, and what a wrong one is told.
#include "platform/config/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace ducat::config {
namespace {

using ::testing::HasSubstr;

constexpr Setting kTable[] = {
    {.key = "wallet.shards", .type = Type::kInteger, .default_value = "1", .min = "1", .max = "64"},
    {.key = "wallet.saga_stuck_after", .type = Type::kDuration, .default_value = "60s", .min = "1s"},
    {.key = "ratelimit.enabled", .type = Type::kBool, .default_value = "true"},
    {.key = "storage.type", .type = Type::kString, .default_value = "sqlite", .allowed = "sqlite|postgres"},
    {.key = "storage.cache", .type = Type::kBytes, .default_value = "64MiB"},
    {.key = "http.trusted_proxies", .type = Type::kList, .default_value = "127.0.0.1,::1"},
    {.key = "security.signing_key", .type = Type::kString, .secret = true},
};

Schema schema() {
  Schema made;
  made.add(kTable);
  return made;
}

std::string failure(const Sources& sources) {
  auto settings = load(schema(), sources);
  return settings ? "loaded" : settings.error().message;
}

Sources set(std::vector<std::string> assignments) {
  Sources sources;
  for (auto& text : assignments) sources.overrides.push_back({text, "--set"});
  return sources;
}

// A file that is gone with its test.
class TomlFile {
 public:
  explicit TomlFile(const std::string& text) {
    char name[] = "/tmp/ducat_config_XXXXXX";
    EXPECT_NE(mkdtemp(name), nullptr);
    directory_ = name;
    std::ofstream(path()) << text;
  }
  ~TomlFile() { std::filesystem::remove_all(directory_); }
  std::string path() const { return directory_ + "/ducat.toml"; }

 private:
  std::string directory_;
};

TEST(Settings, WithoutSourcesEverythingHasItsDefault) {
  auto settings = load(schema(), {});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->integer("wallet.shards"), 1);
  EXPECT_EQ(settings->duration("wallet.saga_stuck_after"), Duration::seconds(60));
  EXPECT_TRUE(settings->boolean("ratelimit.enabled"));
  EXPECT_EQ(settings->text("storage.type"), "sqlite");
  EXPECT_EQ(settings->bytes("storage.cache"), 64 << 20);
  EXPECT_EQ(settings->list("http.trusted_proxies"), (std::vector<std::string>{"127.0.0.1", "::1"}));
  EXPECT_TRUE(settings->is_default("wallet.shards"));
}

TEST(Settings, TheLaterSourceWinsAndIsNamedAsOrigin) {
  TomlFile file("[wallet]\nshards = 2\nsaga_stuck_after = \"5s\"\n[storage]\ntype = \"postgres\"\n");
  Sources sources{.file = file.path(),
                  .environment = {"HOME=/root", "DUCAT_WALLET_SHARDS=3", "DUCAT_WALLET_SAGA_STUCK_AFTER=6s"}};
  sources.overrides.push_back({"wallet.shards=4", "--set"});
  sources.overrides.push_back({"wallet.shards=5", "--shards"});
  auto settings = load(schema(), sources);
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->integer("wallet.shards"), 5);
  EXPECT_EQ(settings->origin("wallet.shards"), "--shards");
  EXPECT_EQ(settings->duration("wallet.saga_stuck_after"), Duration::seconds(6));
  EXPECT_EQ(settings->origin("wallet.saga_stuck_after"), "environment");
  EXPECT_EQ(settings->text("storage.type"), "postgres");
  EXPECT_EQ(settings->origin("storage.type"), file.path() + ":5");
}

TEST(Settings, AFileMaySpellKeysDottedOrInTablesAndListsAsArrays) {
  TomlFile file(
      "wallet.shards = 2\nhttp = {trusted_proxies = [\"10.0.0.1\", \"10.0.0.2\"]}\nratelimit.enabled = "
      "false\n");
  auto settings = load(schema(), {.file = file.path()});
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->integer("wallet.shards"), 2);
  EXPECT_FALSE(settings->boolean("ratelimit.enabled"));
  EXPECT_EQ(settings->list("http.trusted_proxies"), (std::vector<std::string>{"10.0.0.1", "10.0.0.2"}));
}

TEST(Settings, AnUnknownKeyIsRefusedWithItsSourceAndTheNearestName) {
  EXPECT_EQ(failure(set({"wallet.shard=2"})),
            "unknown setting \"wallet.shard\" (--set); did you mean \"wallet.shards\"?");
  EXPECT_EQ(failure({.environment = {"DUCAT_WALLET_SHARD=2"}}),
            "unknown setting \"DUCAT_WALLET_SHARD\" (environment); did you mean \"DUCAT_WALLET_SHARDS\"?");
  EXPECT_EQ(failure(set({"nothing.like.any.of.them=2"})),
            "unknown setting \"nothing.like.any.of.them\" (--set)");
  TomlFile file("\n[walet]\nshards = 2\n");
  EXPECT_EQ(failure({.file = file.path()}),
            "unknown setting \"walet.shards\" (" + file.path() + ":3); did you mean \"wallet.shards\"?");
}

TEST(Settings, AWrongValueIsRefusedWithKeyValueSourceAndWhatIsAllowed) {
  EXPECT_EQ(failure(set({"wallet.shards=many"})),
            "wallet.shards = \"many\" (--set): expected a whole number, from 1 to 64");
  EXPECT_EQ(failure(set({"storage.type=oracle"})),
            "storage.type = \"oracle\" (--set): expected one of sqlite, postgres");
  EXPECT_EQ(failure({.environment = {"DUCAT_RATELIMIT_ENABLED=yes"}}),
            "ratelimit.enabled = \"yes\" (environment): expected true or false");
  TomlFile file("[wallet]\nshards = 1.5\n");
  EXPECT_THAT(failure({.file = file.path()}),
              HasSubstr("\"wallet.shards\" (" + file.path() + ":2): expected "));
}

TEST(Settings, AWrongValueIsRefusedEvenWhenALaterSourceWouldReplaceIt) {
  EXPECT_THAT(failure(set({"wallet.shards=0", "wallet.shards=2"})), HasSubstr("wallet.shards = \"0\""));
}

TEST(Settings, AnAssignmentWithoutAKeyOrAValueIsRefused) {
  EXPECT_EQ(failure(set({"wallet.shards"})), "--set \"wallet.shards\": expected key=value");
  EXPECT_EQ(failure(set({"=2"})), "--set \"=2\": expected key=value");
}

TEST(Settings, AValueMayContainEqualSigns) {
  auto settings = load(schema(), set({"security.signing_key=a=b=="}));
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->text("security.signing_key"), "a=b==");
}

TEST(Settings, AFileThatIsMissingOrNoTomlIsNamedWithTheReason) {
  EXPECT_EQ(failure({.file = "/nowhere/ducat.toml"}),
            "configuration file /nowhere/ducat.toml cannot be opened: No such file or directory");
  TomlFile file("[wallet]\nshards = = 2\n");
  EXPECT_THAT(failure({.file = file.path()}), HasSubstr(file.path() + ":2: "));
  TomlFile directory("");
  EXPECT_THAT(failure({.file = std::filesystem::path(directory.path()).parent_path()}),
              HasSubstr("cannot be read"));
}

TEST(Settings, DescribeShowsEveryValueWithItsOriginAndHidesSecrets) {
  auto settings = load(schema(), set({"security.signing_key=topsecret", "wallet.shards=2"}));
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->describe(),
            "http.trusted_proxies = [\"127.0.0.1\", \"::1\"]  # default\n"
            "ratelimit.enabled = true  # default\n"
            "security.signing_key = \"(hidden)\"  # --set\n"
            "storage.cache = \"64MiB\"  # default\n"
            "storage.type = \"sqlite\"  # default\n"
            "wallet.saga_stuck_after = \"60s\"  # default\n"
            "wallet.shards = 2  # --set\n");
}

TEST(Settings, AMessageIsOneLineWhateverWasTyped) {
  EXPECT_EQ(failure(set({"wallet.shards=1\n2"})),
            "wallet.shards = \"1?2\" (--set): expected a whole number, from 1 to 64");
  TomlFile file("\"a\\nb\" = 1.5\n");
  EXPECT_THAT(failure({.file = file.path()}), HasSubstr("\"a?b\" ("));
}

TEST(SettingsDeathTest, AKeyTheSchemaDoesNotHaveIsAProgrammersError) {
  auto settings = load(schema(), {});
  ASSERT_TRUE(settings);
  EXPECT_DEATH((void)settings->integer("wallet.shard"), "wallet.shard");
  EXPECT_DEATH((void)settings->text("wallet.shards"), "wallet.shards");
}

TEST(Settings, TheProcessEnvironmentIsRead) {
  ASSERT_EQ(setenv("DUCAT_WALLET_SHARDS", "7", 1), 0);
  auto settings = load(schema(), {.environment = process_environment()});
  unsetenv("DUCAT_WALLET_SHARDS");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->integer("wallet.shards"), 7);
}

}  // namespace
}  // namespace ducat::config
