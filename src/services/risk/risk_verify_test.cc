// The verifier with damage planted wherever it must find it, and the command line's tools.
#include "services/risk/risk_verify.h"

#include <gmock/gmock.h>

#include "services/risk/module.h"
#include "services/risk/testing/risk_server.h"

namespace ducat::risk::testing {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class VerifyRisk : public ::testing::Test {
 protected:
  VerifyRisk() {
    config::Schema schema;
    schema.add(kernel::service_settings());
    schema.add(risk_settings());
    auto loaded = config::load(schema, {});
    EXPECT_TRUE(loaded.has_value());
    settings_ = std::move(*loaded);
  }
  void SetUp() override {
    {
      RiskServer server(backend_);
      ASSERT_TRUE(server.withdraw("ann", "10001", "m1"));
      ASSERT_TRUE(server.withdraw("bob", "10001", "m2"));
      auto alerts = server.list();
      ASSERT_EQ(alerts.size(), 2u);
      EXPECT_EQ(server.change(alerts[0].alert.id, AlertStatus::kClosed).verdict, Verdict::kAccepted);
      open_ = alerts[1].no;
    }
    ASSERT_THAT(violations(), IsEmpty());
  }
  kernel::DataPorts ports() {
    return {settings_,
            [this](const std::string& name, bool durable) { return backend_.target(name, durable); },
            {}};
  }
  std::vector<std::string> violations() {
    auto found = kernel::verify_data(risk_data(), ports());
    EXPECT_TRUE(found.has_value()) << (found ? "" : found.error().message);
    return found ? found->violations : std::vector<std::string>();
  }
  void damage(const std::string& sql) {
    auto tables = backend_.open("risk", false);
    auto connection = tables->connect(storage::Access::kWriter);
    ASSERT_DONE(connection);
    auto changed = (*connection)->execute(sql);
    ASSERT_DONE(changed);
    ASSERT_GT(*changed, 0) << "the damage is done";
  }

  kernel::testing::SqliteBackend backend_;
  config::Settings settings_;
  kernel::Position open_ = 0;
};

TEST_F(VerifyRisk, FindsEveryKindOfDamageAndARebuildMendsIt) {
  const std::string alert = std::to_string(open_), one = " WHERE no = " + alert;
  const std::pair<std::string, std::string> cases[] = {
      {"UPDATE risk_alerts SET status = 3" + one, "alert " + alert + " differs"},
      {"UPDATE risk_alerts SET details = '{}'" + one, "alert " + alert + " differs"},
      {"UPDATE risk_alerts SET wallet_id = 'eve'" + one, "alert " + alert + " differs"},
      {"UPDATE risk_alerts SET created_at = 1" + one, "alert " + alert + " differs"},
      {"DELETE FROM risk_alerts" + one, "alert " + alert + " is missing"},
      {"UPDATE risk_alerts SET no = 77777" + one, "alert 77777 has no events"},
      {"UPDATE risk_wallets SET history = x'' WHERE wallet_id = 'ann'", "wallet ann has another history"},
      {"UPDATE risk_wallets SET history = x'ff' WHERE wallet_id = 'ann'", "wallet ann cannot be read"},
      {"UPDATE risk_wallets SET wallet_id = 'eve' WHERE wallet_id = 'bob'", "wallet eve has a history"},
      {"DELETE FROM risk_wallets WHERE wallet_id = 'bob'", "wallet bob is missing"},
  };
  for (const auto& [sql, reason] : cases) {
    damage(sql);
    EXPECT_THAT(violations(), Contains(HasSubstr(reason))) << sql;
    ASSERT_DONE(kernel::rebuild_tables(risk_data(), ports(), "test"));
    EXPECT_THAT(violations(), IsEmpty()) << sql;
  }
}

TEST_F(VerifyRisk, TheTablesAreBehindTheJournalByNothingAfterAStop) {
  auto readers = kernel::list_readers(risk_data(), ports());
  ASSERT_DONE(readers);
  ASSERT_EQ(readers->size(), 1u);
  EXPECT_EQ(readers->front().reader, "tables");
  EXPECT_GT(readers->front().records, 0u);
  EXPECT_EQ(readers->front().reached, readers->front().records);
}

}  // namespace ducat::risk::testing
