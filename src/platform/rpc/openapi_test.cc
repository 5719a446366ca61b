// The document that describes the wallet's and the system's contracts.
#include "platform/rpc/openapi.h"

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <rapidjson/pointer.h>

#include <set>

#include "base/system.h"
#include "ducat/system/v1/system.pb.h"
#include "ducat/wallet/v1/wallet.pb.h"
#include "platform/rpc/dispatcher.h"
#include "platform/rpc/documentation.h"
#include "platform/rpc/testing/fake_exchange.h"
#include "rpc_testing.pb.h"

namespace ducat::rpc {
namespace {

using rapidjson::Value;

template <typename Request, typename Response>
void bind(Registry& registry, const std::string& method) {
  registry.bind<Request, Response>(
      method, [](const Request&, CallContext&) -> Task<Reply<Response>> { co_return Response(); });
}

void bind_wallet(Registry& registry) {
  using namespace wallet::v1;
  const std::string service = "ducat.wallet.v1.WalletService.";
  bind<DepositRequest, Balance>(registry, service + "Deposit");
  bind<WithdrawRequest, Balance>(registry, service + "Withdraw");
  bind<TransferRequest, TransferReply>(registry, service + "Transfer");
  bind<BatchRequest, BatchReply>(registry, service + "Batch");
  bind<GetWalletRequest, Wallet>(registry, service + "GetWallet");
  bind<GetHistoryRequest, History>(registry, service + "GetHistory");
  bind<CreateHoldRequest, Hold>(registry, service + "CreateHold");
  bind<ListHoldsRequest, Holds>(registry, service + "ListHolds");
  bind<GetHoldRequest, Hold>(registry, service + "GetHold");
  bind<CaptureHoldRequest, Hold>(registry, service + "CaptureHold");
  bind<VoidHoldRequest, Hold>(registry, service + "VoidHold");
  bind<ChangeStatusRequest, Wallet>(registry, service + "Freeze");
  bind<ChangeStatusRequest, Wallet>(registry, service + "Unfreeze");
  bind<ChangeStatusRequest, Wallet>(registry, service + "Close");
  bind<SetDailyLimitRequest, Wallet>(registry, service + "SetDailyLimit");
  bind<SetCreditLimitRequest, Wallet>(registry, service + "SetCreditLimit");
  bind<GetTransferRequest, TransferRecord>(registry, service + "GetTransfer");
}

class OpenApi : public ::testing::Test {
 protected:
  OpenApi() {
    bind_wallet(registry);
    for (const char* method : {"Health", "Live", "Ready"}) {
      bind<system::v1::HealthRequest, system::v1::HealthReply>(
          registry, std::string("ducat.system.v1.SystemService.") + method);
    }
    bind<testing::NamedRequest, testing::Thing>(registry, "ducat.rpc.testing.ThingService.Make");
    bind<testing::Everything, testing::Everything>(registry, "ducat.rpc.testing.FeedService.Add");
    text = make_openapi(registry, {.title = "Ducat", .version = "1.2.3", .description = "d"});
    document.Parse<rapidjson::kParseValidateEncodingFlag>(text.c_str());
  }
  const Value* at(const char* pointer) const { return rapidjson::Pointer(pointer).Get(document); }
  std::string text_at(const char* pointer) const {
    const Value* value = at(pointer);
    return value && value->IsString() ? value->GetString() : std::string("nothing at ") + pointer;
  }

  Registry registry;
  std::string text;
  rapidjson::Document document;
};

void each_reference(const Value& value, const std::function<void(const char*)>& visit) {
  if (value.IsArray()) {
    for (const Value& element : value.GetArray()) each_reference(element, visit);
  } else if (value.IsObject()) {
    for (const auto& member : value.GetObject()) {
      if (std::string_view(member.name.GetString()) == "$ref" && member.value.IsString())
        visit(member.value.GetString());
      each_reference(member.value, visit);
    }
  }
}

TEST_F(OpenApi, IsJsonOfVersion31) {
  ASSERT_FALSE(document.HasParseError())
      << document.GetErrorOffset() << text.substr(document.GetErrorOffset(), 80);
  EXPECT_EQ(text_at("/openapi"), "3.1.0");
  EXPECT_EQ(text_at("/info/version"), "1.2.3");
}

TEST_F(OpenApi, HasEveryBoundRouteOnEachOfItsPaths) {
  size_t operations = 0;
  std::set<std::string> ids;
  for (const auto& route : registry.routes()) {
    for (const std::string& path : route->plan().paths) {
      ASSERT_TRUE(document["paths"].HasMember(path.c_str())) << path;
      std::string verb = route->plan().verb;
      for (char& c : verb) c = static_cast<char>(c | 0x20);
      const Value& item = document["paths"][path.c_str()];
      ASSERT_TRUE(item.HasMember(verb.c_str())) << route->plan().name;
      EXPECT_TRUE(ids.insert(item[verb.c_str()]["operationId"].GetString()).second) << "an id is unique";
      ++operations;
    }
  }
  EXPECT_EQ(operations, 17u * 2 + 3 * 2 + 2 + 1);
}

// No method of the wallet's contract may be forgotten above.
TEST_F(OpenApi, TheWholeWalletContractIsBound) {
  const auto* file = wallet::v1::Wallet::descriptor()->file();
  std::set<const google::protobuf::MethodDescriptor*> bound;
  for (const auto& route : registry.routes()) bound.insert(route->plan().method);
  for (int i = 0; i < file->service(0)->method_count(); ++i) {
    EXPECT_TRUE(bound.contains(file->service(0)->method(i))) << file->service(0)->method(i)->name();
  }
}

TEST_F(OpenApi, EveryReferenceResolves) {
  size_t references = 0;
  each_reference(document, [&](const char* reference) {
    ++references;
    EXPECT_TRUE(rapidjson::Pointer(reference).Get(document)) << reference;
  });
  EXPECT_GT(references, 100u);
}

TEST_F(OpenApi, CommentsOfTheContractsAreDescriptions) {
  EXPECT_NE(text_at("/paths/~1v1~1wallet~1{id}~1deposit/post/description")
                .find("Puts money into a wallet. The first deposit makes the wallet"),
            std::string::npos);
  EXPECT_EQ(text_at("/components/schemas/Hold/properties/captured/description"),
            "How much of it has been taken.");
  EXPECT_EQ(text_at("/components/schemas/BatchResult/description"),
            "The body of the operation's single route, or its error, with its status.");
  EXPECT_NE(text.find("The same as `POST /v1/wallet/{id}/deposit`."), std::string::npos);
}

TEST_F(OpenApi, SchemasSayWhatTheValidationDoes) {
  EXPECT_EQ(text_at("/components/schemas/DepositRequest/properties/amount/type"), "number");
  EXPECT_EQ(at("/components/schemas/DepositRequest/properties/amount/exclusiveMinimum")->GetInt(), 0);
  EXPECT_EQ(at("/components/schemas/DepositRequest/properties/currency/maxLength")->GetInt(), 4);
  EXPECT_EQ(at("/components/schemas/DepositRequest/properties/walletId"), nullptr) << "comes from the path";
  EXPECT_FALSE(at("/components/schemas/DepositRequest/additionalProperties")->GetBool());
  EXPECT_EQ(at("/components/schemas/BatchRequest/properties/operations/maxItems")->GetInt(), 8192);
  EXPECT_EQ(text_at("/components/schemas/History/type"), "array");
  EXPECT_EQ(text_at("/components/schemas/Wallet/properties/dailyLimit/type/1"), "null");
  EXPECT_EQ(text_at("/paths/~1v1~1wallet~1{id}~1history/get/parameters/1/name"), "limit");
  EXPECT_EQ(at("/paths/~1v1~1wallet~1{id}~1history/get/parameters/1/schema/default")->GetInt(), 100);
}

TEST_F(OpenApi, ErrorsHaveExamplesInTheStyleOfTheirService) {
  const char* pointer =
      "/paths/~1v1~1wallet~1{id}~1withdraw/post/responses/422/content/application~1json/examples/"
      "InsufficientFundsError/value/message";
  EXPECT_EQ(text_at(pointer), "Insufficient funds: balance=151.00, requested=100000.00");
  EXPECT_EQ(
      text_at("/paths/~1v1~1wallet~1{id}~1withdraw/post/responses/422/content/application~1json/schema/$ref"),
      "#/components/schemas/PlainError");
  EXPECT_EQ(text_at("/paths/~1api~1things~1{id}/post/responses/409/content/application~1json/schema/$ref"),
            "#/components/schemas/EnvelopeError");
  EXPECT_TRUE(at("/paths/~1api~1things~1{id}/post/responses/201"));
  EXPECT_TRUE(at("/paths/~1v1~1wallet~1{id}~1withdraw/post/responses/429/headers/Retry-After"));
}

TEST_F(OpenApi, SaysWhoMayCall) {
  EXPECT_EQ(at("/paths/~1health/get/security")->Size(), 0u);
  EXPECT_EQ(at("/paths/~1v1~1wallet~1{id}/get/security")->Size(), 2u);
  EXPECT_NE(text_at("/paths/~1v1~1wallet~1{id}/get/description").find("`wallet:read`"), std::string::npos);
}

TEST_F(OpenApi, PagesAreServedFromTheBinary) {
  StaticRoutes files;
  Documentation documentation(registry, {.title = "Ducat", .version = "1", .description = {}});
  documentation.add_to(files);
  SystemClock clock;
  SystemRandom random;
  DispatcherOptions options;
  options.clock = &clock;
  options.random = &random;
  Dispatcher dispatcher(registry, files, options);
  ThreadExecutor io("io");
  auto get = [&](const char* path) {
    testing::FakeExchange exchange(io, "GET", path);
    dispatcher.handle(exchange);
    return exchange.wait();
  };
  for (const char* page : {"/documentation", "/api/docs", "/v1/docs"}) {
    http::Response response = get(page);
    EXPECT_EQ(response.status, 200) << page;
    EXPECT_NE(response.body.find("/documentation/swagger-ui-bundle.js"), std::string::npos);
    EXPECT_NE(testing::header_of(response, "Content-Security-Policy")->find("script-src 'self'"),
              std::string::npos);
    EXPECT_EQ(get((std::string(page) + "/json").c_str()).body, documentation.document());
  }
  EXPECT_GT(get("/documentation/swagger-ui-bundle.js").body.size(), 1'000'000u);
  EXPECT_NE(get("/documentation/swagger-ui.css").body.find(".swagger-ui"), std::string::npos);
  EXPECT_NE(get("/documentation/start.js").body.find("/documentation/json"), std::string::npos);
  EXPECT_EQ(get("/documentation/icon.png").content_type, "image/png");
}

}  // namespace
}  // namespace ducat::rpc
