// What the risk service promises, on whatever database it runs.
#pragma once

#include "services/risk/risk_verify.h"
#include "services/risk/testing/risk_server.h"

namespace ducat::risk::testing {

class RiskContract : public kernel::testing::OnBackend {
 protected:
  // Whatever a test did: the tables are what the journal says.
  void TearDown() override {
    if (!backend_) return;
    auto journal = backend_->open("risk", true);
    auto tables = backend_->open("risk", false);
    auto report = verify_journal(*journal, *tables, Duration::seconds(86'400));
    ASSERT_DONE(report);
    EXPECT_EQ(report->violations, std::vector<std::string>());
  }
};

TEST_P(RiskContract, OpensOneAlertForEachWalletAndRule) {
  RiskServer server(*backend_);
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(server.withdraw("ann", "1", "m" + std::to_string(i), i));
  ASSERT_TRUE(server.withdraw("bob", "1", "b", 0));
  auto alerts = server.list();
  ASSERT_EQ(alerts.size(), 1U);
  EXPECT_EQ(alerts[0].alert.wallet_id, "ann");
  EXPECT_EQ(alerts[0].alert.rule, "rapid");
  EXPECT_EQ(alerts[0].alert.status, AlertStatus::kOpen);
  EXPECT_EQ(alerts[0].alert.details, R"({"timeWindow":"5 minutes","withdrawalCount":4})");
}

TEST_P(RiskContract, CountsAMessageOnceHoweverOftenItComes) {
  auto server = std::make_unique<RiskServer>(*backend_);
  for (int i = 0; i < 3; ++i) {
    for (int again = 0; again < 3; ++again)
      ASSERT_TRUE(server->withdraw("ann", "1", "m" + std::to_string(i), i));
  }
  EXPECT_TRUE(server->list().empty());
  server.reset();
  server = std::make_unique<RiskServer>(*backend_);
  ASSERT_TRUE(server->withdraw("ann", "1", "m0", 0));
  EXPECT_TRUE(server->list().empty());
  ASSERT_TRUE(server->withdraw("ann", "1", "m3", 3));
  EXPECT_EQ(server->list().size(), 1U) << "what happened before the restart counts";
}

TEST_P(RiskContract, KeepsAlertsOfShadowRulesApart) {
  RiskServer server(*backend_);
  ASSERT_TRUE(server.withdraw("ann", "5", "m"));
  EXPECT_TRUE(server.list().empty());
  AlertFilter shadows;
  shadows.shadow = true;
  ASSERT_EQ(server.list(shadows).size(), 1U);
  EXPECT_EQ(server.list(shadows)[0].alert.rule, "quiet");
}

TEST_P(RiskContract, ClosesAnAlertForGoodAndOpensTheNext) {
  auto server = std::make_unique<RiskServer>(*backend_);
  ASSERT_TRUE(server->withdraw("ann", "10001", "m1"));
  ASSERT_TRUE(server->withdraw("ann", "10002", "m2"));
  ASSERT_EQ(server->list().size(), 1U);
  Uuid id = server->list()[0].alert.id;
  AlertOutcome looked = server->change(id, AlertStatus::kInvestigating);
  EXPECT_EQ(looked.verdict, Verdict::kAccepted);
  EXPECT_EQ(looked.alert.alert.status, AlertStatus::kInvestigating);
  ASSERT_TRUE(server->withdraw("ann", "10003", "m3"));
  EXPECT_EQ(server->list().size(), 1U) << "one that is looked into is still pending";
  server.reset();
  server = std::make_unique<RiskServer>(*backend_);
  EXPECT_EQ(server->change(id, AlertStatus::kClosed, "key").verdict, Verdict::kAccepted);
  AlertOutcome again = server->change(id, AlertStatus::kClosed, "key");
  EXPECT_EQ(again.verdict, Verdict::kReplayed);
  EXPECT_EQ(again.alert.alert.status, AlertStatus::kClosed);
  EXPECT_EQ(again.alert.alert.note, "note");
  AlertOutcome late = server->change(id, AlertStatus::kInvestigating);
  EXPECT_EQ(late.verdict, Verdict::kRefused);
  EXPECT_EQ(late.refusal, AlertRefusal::kClosed);
  ASSERT_TRUE(server->withdraw("ann", "10004", "m4"));
  AlertFilter open;
  open.wallet_id = "ann";
  open.rule = "high";
  EXPECT_EQ(server->list(open).size(), 2U);
  open.status = AlertStatus::kOpen;
  EXPECT_EQ(server->list(open).size(), 1U);
}

TEST_P(RiskContract, FindsNoAlertByAMadeUpId) {
  RiskServer server(*backend_);
  ASSERT_TRUE(server.withdraw("ann", "10001", "m1"));
  Uuid id = server.list()[0].alert.id;
  EXPECT_EQ(server.read(id).verdict, Verdict::kAccepted);
  Uuid other = make_alert_id({0}, position_of(id));
  EXPECT_EQ(server.read(other).refusal, AlertRefusal::kNotFound);
  EXPECT_EQ(server.change(other, AlertStatus::kClosed).refusal, AlertRefusal::kNotFound);
  EXPECT_EQ(server.read(make_alert_id({0}, 77'777)).refusal, AlertRefusal::kNotFound);
}

TEST_P(RiskContract, RefusesForGoodWhatItCannotRead) {
  RiskServer server(*backend_);
  broker::Message message;
  message.id = "m";
  message.body = "nonsense";
  Status handled = server.handle(message);
  ASSERT_FALSE(handled);
  EXPECT_FALSE(handled.error().retryable());
}

}  // namespace ducat::risk::testing
