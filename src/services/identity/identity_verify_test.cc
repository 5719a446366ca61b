// The verifier with damage planted wherever it must find it, and the command line's tools.
#include "services/identity/identity_verify.h"

#include <gmock/gmock.h>

#include "services/identity/access/access.h"
#include "services/identity/module.h"
#include "services/identity/testing/identity_server.h"

namespace ducat::identity::testing {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class VerifyIdentity : public ::testing::Test {
 protected:
  VerifyIdentity() {
    config::Schema schema;
    schema.add(kernel::service_settings());
    schema.add(access_settings());
    auto loaded = config::load(schema, {});
    EXPECT_TRUE(loaded.has_value());
    settings_ = std::move(*loaded);
  }
  void SetUp() override {
    IdentityServer server(backend_, clock_);
    ASSERT_DONE(server.started());
    auto ann = server.sign_up("ann", "ann@example.com");
    ASSERT_TRUE(ann && server.sign_up("bob", "bob@example.com"));
    auto key = IdentityServer::get(
        server.service().create_key("k", {}, std::nullopt, IdentityServer::origin_of(*ann), server.home()));
    ASSERT_TRUE(key.has_value());
    secrets_ = {key->stored.hash, server.find(name_of_username("ann"))->password_hash};
    server.stop();
    ASSERT_THAT(violations(), IsEmpty());
  }
  kernel::DataPorts ports() {
    return {settings_,
            [this](const std::string& name, bool durable) { return backend_.target(name, durable); },
            {}};
  }
  std::vector<std::string> violations() {
    auto found = kernel::verify_data(identity_data(), ports());
    EXPECT_TRUE(found.has_value()) << (found ? "" : found.error().message);
    return found ? found->violations : std::vector<std::string>();
  }
  void damage(const std::string& sql) {
    auto tables = backend_.open("identity", false);
    auto connection = tables->connect(storage::Access::kWriter);
    ASSERT_DONE(connection);
    auto changed = (*connection)->execute(sql);
    ASSERT_DONE(changed);
    ASSERT_GT(*changed, 0) << "the damage is done";
  }

  kernel::testing::SqliteBackend backend_;
  TestClock clock_;
  config::Settings settings_;
  std::vector<std::string> secrets_;
};

TEST_F(VerifyIdentity, FindsEveryKindOfDamageAndARebuildMendsIt) {
  const std::pair<const char*, const char*> cases[] = {
      {"UPDATE identity_users SET username = 'x' WHERE no = 1", "user 1 differs in the table"},
      {"UPDATE identity_users SET body = (SELECT body FROM identity_users WHERE no = 2) WHERE no = 1",
       "user 1 differs in the table"},
      {"UPDATE identity_users SET body = x'ff' WHERE no = 1", "user 1 differs in the table"},
      {"DELETE FROM identity_users WHERE no = 2", "user 2 is missing from the table"},
      {"INSERT INTO identity_users SELECT 9, id, username, email, 0, body FROM identity_users WHERE no = 1",
       "user 9 has no events"},
      {"UPDATE identity_names SET no = 2 WHERE name = 'u:ann'", "name u:ann differs"},
      {"DELETE FROM identity_names WHERE name = 'e:bob@example.com'", "name e:bob@example.com is missing"},
      {"UPDATE identity_sessions SET ended_at = 1 WHERE user_no = 1", "differs in the table"},
      {"DELETE FROM identity_sessions WHERE user_no = 2", "is missing from the table"},
      {"UPDATE identity_api_keys SET active = 0", "API key 1 differs"},
      {"UPDATE identity_api_keys SET user_no = 2", "API key 1 differs"},
      {"DELETE FROM identity_api_keys", "an API key of user 1 is missing"},
  };
  for (const auto& [sql, reason] : cases) {
    damage(sql);
    EXPECT_THAT(violations(), Contains(HasSubstr(reason))) << sql;
    ASSERT_DONE(kernel::rebuild_tables(identity_data(), ports(), "test"));
    EXPECT_THAT(violations(), IsEmpty()) << sql;
  }
}

TEST_F(VerifyIdentity, TheJournalsTailTellsNoSecret) {
  auto tail = kernel::JournalTail::open(identity_data(), ports(), "identity", 100);
  ASSERT_DONE(tail);
  auto lines = tail->next();
  ASSERT_DONE(lines);
  EXPECT_THAT(*lines, Contains(HasSubstr(R"("type":"SIGNED_UP")")));
  EXPECT_THAT(*lines, Contains(HasSubstr(R"("type":"API_KEY_CREATED")")));
  for (const std::string& line : *lines) {
    for (const std::string& secret : secrets_) EXPECT_EQ(line.find(secret), std::string::npos) << line;
  }
  auto newest = kernel::JournalTail::open(identity_data(), ports(), "identity", 2);
  ASSERT_DONE(newest);
  auto two = newest->next();
  ASSERT_DONE(two);
  EXPECT_EQ(*two, std::vector<std::string>(lines->end() - 2, lines->end()));
  auto more = newest->next();
  ASSERT_DONE(more);
  EXPECT_THAT(*more, IsEmpty());
}

TEST_F(VerifyIdentity, WhatIsMissingIsSaidAndNotMade) {
  auto elsewhere = ports();
  elsewhere.targets = [this](const std::string& name, bool durable) {
    return backend_.target("other_" + name, durable);
  };
  auto there = kernel::has_data(identity_data(), elsewhere);
  ASSERT_DONE(there);
  EXPECT_FALSE(*there);
  EXPECT_FAILS(kernel::verify_data(identity_data(), elsewhere), Errc::kNotFound);
  there = kernel::has_data(identity_data(), elsewhere);
  ASSERT_DONE(there);
  EXPECT_FALSE(*there) << "asking makes nothing";
}

}  // namespace ducat::identity::testing
