// The wallet's contract over the real server and a real socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/system.h"
#include "ducat/wallet/v1/wallet.pb.h"
#include "platform/http/client.h"
#include "platform/http/server.h"
#include "platform/rpc/dispatcher.h"

namespace ducat::rpc {
namespace {

using ::testing::HasSubstr;

class RpcOverHttp : public ::testing::Test {
 protected:
  RpcOverHttp() {
    using namespace wallet::v1;
    registry.bind<TransferRequest, TransferReply>(
        "ducat.wallet.v1.WalletService.Transfer",
        [this](const TransferRequest& request, CallContext& context) { return transfer(request, context); });
    DispatcherOptions options;
    options.clock = &clock;
    options.random = &random;
    options.authenticator = &development;
    dispatcher = std::make_unique<Dispatcher>(registry, files, options);
    http::ServerOptions server_options;
    server_options.make_error = [this](int status, std::string_view target) {
      return dispatcher->make_error(status, target);
    };
    server = std::make_unique<http::Server>(server_options);
    Status started = server->start(*dispatcher);
    if (!started) ADD_FAILURE() << started.error().message;
  }
  ~RpcOverHttp() override { EXPECT_TRUE(server->stop(Duration::seconds(10))); }

  Task<Reply<wallet::v1::TransferReply>> transfer(const wallet::v1::TransferRequest& request,
                                                  CallContext& context) {
    co_await resume_on(elsewhere);
    wallet::v1::TransferReply reply;
    reply.set_saga_id(context.idempotency_key);
    reply.set_state("COMPLETED");
    reply.set_from_wallet_id(request.wallet_id());
    reply.set_to_wallet_id(request.to_wallet_id());
    reply.set_amount(request.amount());
    co_return reply;
  }
  http::ClientResponse post(const std::string& target, const std::string& body) {
    auto client = http::Client::connect("127.0.0.1", server->port());
    if (!client) ADD_FAILURE() << client.error().message;
    auto response = client->request(
        "POST", target, {{"Content-Type", "application/json"}, {"Idempotency-Key", "\"k-1\""}}, body);
    if (!response) ADD_FAILURE() << response.error().message;
    return response.value_or(http::ClientResponse{});
  }

  SystemClock clock;
  SystemRandom random;
  ClosedAuthenticator closed;
  DevelopmentAuthenticator development{closed};
  Registry registry;
  StaticRoutes files;
  ThreadExecutor elsewhere{"elsewhere"};
  std::unique_ptr<Dispatcher> dispatcher;
  std::unique_ptr<http::Server> server;
};

TEST_F(RpcOverHttp, ATransferGoesThroughAndComesBack) {
  for (const char* target : {"/v1/wallet/u1/transfer", "/wallet/u%31/transfer"}) {
    auto response = post(target, R"({"toWalletId":"bob","amount":30})");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body,
              R"({"sagaId":"k-1","state":"COMPLETED","fromWalletId":"u1","toWalletId":"bob","amount":30})");
    EXPECT_EQ(response.header("content-type"), "application/json; charset=utf-8");
    EXPECT_EQ(response.header("x-request-id").size(), 36u);
  }
}

TEST_F(RpcOverHttp, BrokenRulesAreToldInPlainStyle) {
  auto response = post("/wallet/u1/transfer", R"({"amount":"x","currency":"USD"})");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body,
              HasSubstr(R"("statusCode":400,"error":"Bad Request","type":"ValidationError","message":[)"));
  for (const char* message :
       {"amount must be a positive number", "amount must be a number conforming to the specified constraints",
        "property currency should not exist", "toWalletId must be a string"}) {
    EXPECT_THAT(response.body, HasSubstr(std::string("\"") + message + "\""));
  }
}

TEST_F(RpcOverHttp, WhatTheServerRefusesHasTheStyleOfTheRoute) {
  auto response = post("/v1/wallet/u1/transfer", std::string((1 << 20) + 1, ' '));
  EXPECT_EQ(response.status, 413);
  EXPECT_THAT(response.body, HasSubstr(R"("type":"PayloadTooLargeError")"));
  EXPECT_THAT(post("/nowhere", "{}").body, HasSubstr(R"("code":"NOT_FOUND")"));
}

}  // namespace
}  // namespace ducat::rpc
