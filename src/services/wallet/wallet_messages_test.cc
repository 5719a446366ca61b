// What the wallet tells others, for every event there is.
#include <gtest/gtest.h>

#include "platform/broker/cloud_event.h"
#include "services/wallet/api/wallet_messages.h"
#include "services/wallet/testing/wallet_server.h"

namespace ducat::wallet::testing {
namespace {

// All messages of a server's first shard, from the beginning.
std::vector<broker::Message> messages_of(WalletServer& server, const std::vector<std::string>& types = {}) {
  kernel::EngineHost& shard = server.host().shard(0);
  WalletMessages messages(3, shard.tables());
  kernel::JournalSource source(shard.feed(), shard.tables(), "test",
                               [&](const kernel::JournalEvent& event, std::vector<broker::Message>& out) {
                                 return messages.messages_of(event, out);
                               });
  auto chunk = source.read(0, 1'000, types);
  EXPECT_TRUE(chunk) << chunk.error().message;
  std::vector<broker::Message> all;
  for (auto& numbered : chunk->messages) all.push_back(std::move(numbered.message));
  return all;
}

std::vector<std::string> types_of(const std::vector<broker::Message>& messages) {
  std::vector<std::string> types;
  for (const broker::Message& message : messages) types.push_back(message.type);
  return types;
}

std::string data_of(const broker::Message& message) {
  broker::CloudEventReader reader;
  auto event = reader.read(message.body);
  EXPECT_TRUE(event) << message.body;
  return event ? std::string(event->data) : std::string();
}

class WalletMessagesTest : public ::testing::Test {
 protected:
  std::unique_ptr<Backend> backend_ = kernel::testing::make_sqlite();
  TestClock clock_;
};

TEST_F(WalletMessagesTest, TellADepositAsTheContractShowsIt) {
  WalletServer server(*backend_, clock_);
  server.deposit("u1", "10.50", "d");
  auto messages = messages_of(server);
  ASSERT_EQ(types_of(messages),
            (std::vector<std::string>{"wallet.wallet_created", "wallet.funds_deposited"}));
  EXPECT_EQ(messages[1].stream, "wallet_events");
  EXPECT_EQ(messages[1].key, "u1");
  std::string data = data_of(messages[1]);
  EXPECT_TRUE(
      data.starts_with(R"({"eventType":"FUNDS_DEPOSITED","walletId":"u1","amount":10.5,"currency":"USD",)"
                       R"("metadata":{"requestId":"req-d"},"timestamp":")"))
      << data;
  EXPECT_TRUE(data_of(messages[0]).contains(R"("amount":null)"));
  EXPECT_TRUE(data_of(messages[0]).contains(R"("metadata":null)"));
}

TEST_F(WalletMessagesTest, AreTheSameWhetherOthersAreMadeOrNot) {
  WalletServer server(*backend_, clock_);
  server.deposit("ann", "10");
  server.transfer("ann", "bob", "4", "t");
  auto all = messages_of(server);
  auto some = messages_of(server, {"wallet.transfer_completed", "wallet.funds_deposited"});
  std::erase_if(all, [](const broker::Message& message) {
    return message.type != "wallet.transfer_completed" && message.type != "wallet.funds_deposited";
  });
  ASSERT_EQ(some.size(), 3U);
  ASSERT_EQ(types_of(some), types_of(all));
  for (size_t i = 0; i < some.size(); ++i) EXPECT_EQ(some[i].body, all[i].body);
}

TEST_F(WalletMessagesTest, TellATransferFromItsSendersSide) {
  WalletServer server(*backend_, clock_);
  server.deposit("ann", "10");
  Uuid saga = server.transfer("ann", "bob", "4", "t").answer.saga.uuid;
  auto messages = messages_of(server);
  EXPECT_EQ(types_of(messages),
            (std::vector<std::string>{"wallet.wallet_created", "wallet.funds_deposited",
                                      "wallet.transfer_initiated", "wallet.funds_withdrawn",
                                      "wallet.transfer_completed", "wallet.wallet_created",
                                      "wallet.funds_deposited"}));
  for (size_t i : {2U, 4U}) {
    EXPECT_TRUE(data_of(messages[i])
                    .contains(R"("metadata":{"sagaId":")" + saga.to_string() +
                              R"(","toWalletId":"bob","requestId":"req-t"})"))
        << data_of(messages[i]);
    EXPECT_EQ(messages[i].key, "ann");
  }
  EXPECT_TRUE(data_of(messages[6]).contains(R"("transferFrom":"ann")"));
}

TEST_F(WalletMessagesTest, HaveIdsThatNeverChangeAndAreNeverAnothers) {
  std::vector<broker::Message> before;
  {
    WalletServer server(*backend_, clock_);
    server.deposit("ann", "10");
    server.transfer("ann", "bob", "4");
    server.withdraw("bob", "1");
    before = messages_of(server);
  }
  WalletServer server(*backend_, clock_);
  auto after = messages_of(server);
  ASSERT_EQ(after.size(), before.size());
  std::set<std::string> ids;
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(after[i].id, before[i].id);
    EXPECT_EQ(after[i].body, before[i].body);
    EXPECT_TRUE(ids.insert(after[i].id).second);
  }
}

TEST_F(WalletMessagesTest, TellHoldsAndWhatIsDoneToTheWallet) {
  WalletServer server(*backend_, clock_);
  server.deposit("ann", "10");
  HoldId hold = server.run("ann", PlaceHold{dec("4"), {}}).answer.hold_id;
  server.run("ann", VoidHold{hold});
  server.run("ann", FreezeWallet{});
  auto types = types_of(messages_of(server));
  EXPECT_EQ((std::vector<std::string>(types.begin() + 2, types.end())),
            (std::vector<std::string>{"wallet.funds_held", "wallet.hold_voided", "wallet.wallet_frozen"}));
}

}  // namespace
}  // namespace ducat::wallet::testing
