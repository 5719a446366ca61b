// The routes, from HTTP's requests to its answers, on SQLite; the audit service consents to everything, or
// does what a test says.
#include <thread>

#include "platform/rpc/dispatcher.h"
#include "platform/rpc/testing/fake_exchange.h"
#include "services/transactions/api/transaction_api.h"
#include "services/transactions/testing/transaction_server.h"

namespace ducat::transactions::testing {
namespace {

using rpc::testing::FakeExchange;

// "Bearer ann" is ann.
class NameAuthenticator final : public rpc::Authenticator {
 public:
  std::expected<rpc::Caller, rpc::ApiError> authenticate(const http::Request& request,
                                                         const rpc::AccessRule& rule) override {
    permissions.insert(std::string(rule.permission));
    std::string_view token = request.header("authorization");
    if (!token.starts_with("Bearer ")) return std::unexpected(rpc::unauthorized());
    rpc::Caller caller;
    caller.id = token.substr(7);
    caller.anonymous = false;
    return caller;
  }
  std::set<std::string> permissions;
};

class TransactionApiTest : public ::testing::Test {
 protected:
  TransactionApiTest()
      : server_(backend_, clock_), api_([this]() -> TransactionService& { return server_.service(); }) {
    api_.bind(registry_);
    rpc::DispatcherOptions options;
    options.clock = &clock_;
    options.random = &random_;
    options.authenticator = &authenticator_;
    dispatcher_ = std::make_unique<rpc::Dispatcher>(registry_, files_, options);
  }
  ~TransactionApiTest() override {
    io_.stop();
    server_.stop_and_verify();
  }

  using Headers = FakeExchange::Headers;
  // A request, answered once the audit service has consented to what it asks (`consent`), or refused.
  http::Response call(std::string method, std::string target, std::string body = {}, Headers more = {},
                      std::string user = "ann", bool consent = true) {
    Headers headers = {{"Content-Type", "application/json"}, {"User-Agent", "curl/8 \xC3\xA9"}};
    if (!user.empty()) headers.emplace_back("Authorization", "Bearer " + user);
    headers.insert(headers.end(), more.begin(), more.end());
    FakeExchange exchange(io_, std::move(method), std::move(target), std::move(body), std::move(headers));
    std::atomic<bool> answered{false};
    std::thread auditor([&] {
      while (!answered) {
        if (!server_.more_audit()) {
          std::this_thread::yield();
          continue;
        }
        Sent sent = server_.next_audit();
        if (sent.message.type != "audit.log.create") continue;
        last_create_ = sent;
        consent ? server_.confirm(sent) : server_.fail_audit(sent);
      }
    });
    dispatcher_->handle(exchange);
    http::Response response = exchange.wait();
    answered = true;
    auditor.join();
    return response;
  }
  static std::string header(const http::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }
  // The envelope's `data`.
  static std::string data(const http::Response& response) {
    constexpr std::string_view kHead = R"({"success":true,"data":)";
    EXPECT_TRUE(response.body.starts_with(kHead)) << response.body;
    return response.body.substr(kHead.size(), response.body.rfind(R"(,"timestamp":)") - kHead.size());
  }
  static std::string error_code(const http::Response& response) {
    constexpr std::string_view kHead = R"({"success":false,"error":{"code":")";
    if (!response.body.starts_with(kHead)) return "none: " + response.body;
    return response.body.substr(kHead.size(), response.body.find('"', kHead.size()) - kHead.size());
  }
  std::string created(std::string body) {
    http::Response response = call("POST", "/api/transactions", std::move(body));
    EXPECT_EQ(response.status, 201) << response.body;
    return data(response).substr(7, 36);
  }

  TestClock clock_;
  SystemRandom random_;
  kernel::testing::SqliteBackend backend_;
  NameAuthenticator authenticator_;
  TransactionServer server_;
  rpc::Registry registry_;
  rpc::StaticRoutes files_;
  TransactionApi api_;
  std::unique_ptr<rpc::Dispatcher> dispatcher_;
  Sent last_create_;
  ThreadExecutor io_{"io"};
};

TEST_F(TransactionApiTest, ACreatedTransactionHasTheContractsShape) {
  http::Response response =
      call("POST", "/api/transactions",
           R"({"amount":100.50,"currency":"USD","description":"d","metadata":{"a": [1, 2.50]}})");
  ASSERT_EQ(response.status, 201) << response.body;
  std::string shown = data(response);
  std::string id = shown.substr(7, 36);
  std::string time = shown.substr(shown.find("createdAt") + 12, 24);
  EXPECT_EQ(shown,
            R"({"id":")" + id +
                R"(","userId":"ann","amount":100.5,"currency":"USD","status":"PENDING","description":"d",)"
                R"("metadata":{"a": [1, 2.50]},"createdAt":")" +
                time + R"(","updatedAt":")" + time + R"("})");
  EXPECT_EQ(header(response, "ETag"), "\"1\"");
  EXPECT_EQ(data(call("GET", "/api/transactions/" + id)), shown);
  EXPECT_EQ(last_create_.data,
            R"({"action":"CREATE","entityType":"Transaction","entityId":")" + id +
                R"(","userId":"ann","status":"SUCCESS","metadata":{"amount":100.5,"currency":"USD"},)"
                R"("changes":{"after":)" +
                shown + R"(},"ipAddress":"192.0.2.1","userAgent":"curl/8 é","correlationId":")" +
                last_create_.correlation + R"(","serviceName":"transaction-view-service"})")
      << "as the contract writes it, with the same text of the transaction";
  std::string bare = created(R"({"amount":"7","currency":"JPY"})");
  std::string read = data(call("GET", "/api/transactions/" + bare));
  EXPECT_NE(read.find(R"("amount":7,"currency":"JPY","status":"PENDING","description":null,"metadata":null)"),
            std::string::npos)
      << read;
}

TEST_F(TransactionApiTest, UpdatesAndDeletesTellTheAuditBeforeAndAfter) {
  std::string id = created(R"({"amount":1,"currency":"USD"})");
  std::string path = "/api/transactions/" + id;
  std::string before = data(call("GET", path));
  http::Response changed = call("PATCH", path, R"({"status":"COMPLETED","description":"x"})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  std::string after = data(changed);
  EXPECT_EQ(header(changed, "ETag"), "\"2\"");
  EXPECT_NE(
      last_create_.data.find(R"("metadata":{"updatedFields":["status","description"]},"changes":{"before":)" +
                             before + R"(,"after":)" + after + "}"),
      std::string::npos)
      << last_create_.data;
  EXPECT_EQ(call("PUT", path, R"({"amount":2})").status, 200);
  EXPECT_NE(call("PATCH", path, R"({"metadata":null})").body.find("\"description\":\"x\""),
            std::string::npos);
  EXPECT_NE(call("PUT", path, R"({"description":null})").body.find("\"description\":null"),
            std::string::npos);
  http::Response gone = call("DELETE", path);
  EXPECT_EQ(gone.status, 204);
  EXPECT_EQ(gone.body, "");
  EXPECT_NE(last_create_.data.find(R"("action":"DELETE")"), std::string::npos);
  EXPECT_NE(last_create_.data.find(R"("metadata":null,"changes":{"before":{)"), std::string::npos);
  EXPECT_EQ(last_create_.data.find(R"("after")"), std::string::npos);
  for (const char* method : {"GET", "DELETE"}) EXPECT_EQ(call(method, path).status, 404);
  EXPECT_EQ(error_code(call("PATCH", path, R"({"amount":1})")), "NOT_FOUND");
  http::Response restored = call("POST", path + "/restore");
  EXPECT_EQ(restored.status, 200) << restored.body;
  EXPECT_NE(last_create_.data.find(R"("action":"UPDATE")"), std::string::npos);
  EXPECT_NE(last_create_.data.find(R"("updatedFields":["deletedAt"])"), std::string::npos);
  EXPECT_NE(last_create_.data.find(R"("deletedAt":null)"), std::string::npos);
  EXPECT_EQ(call("GET", path).status, 200);
}

TEST_F(TransactionApiTest, WithoutAnAuditRecordItIsTheContractsError) {
  http::Response response =
      call("POST", "/api/transactions", R"({"amount":1,"currency":"USD"})", {}, "ann", false);
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(error_code(response), "DISTRIBUTED_TRANSACTION_FAILED");
  EXPECT_NE(response.body.find("\"message\":\"Audit log creation failed or timed out\""), std::string::npos);
  EXPECT_NE(data(call("GET", "/api/transactions")).find(R"("data":[],"total":0)"), std::string::npos);
}

TEST_F(TransactionApiTest, BadInputIs400AndAsksNoAudit) {
  std::string id = created(R"({"amount":1,"currency":"USD"})");
  for (const char* body :
       {R"({"currency":"USD"})", R"({"amount":1})", R"({"amount":0,"currency":"USD"})",
        R"({"amount":-1,"currency":"USD"})", R"({"amount":0.001,"currency":"USD"})",
        R"({"amount":1.5,"currency":"JPY"})", R"({"amount":1,"currency":"KWD"})",
        R"({"amount":1,"currency":"USD","metadata":[1]})", R"({"amount":1,"currency":"USD","extra":1})",
        R"({"amount":1,"currency":"USD","idempotencyKey":""})", R"({"amount":1,"currency":"USD")",
        R"({"amount":1234567890123456,"currency":"USD"})"}) {
    EXPECT_EQ(call("POST", "/api/transactions", body).status, 400) << body;
  }
  EXPECT_EQ(call("PATCH", "/api/transactions/" + id, "{}").status, 400);
  EXPECT_EQ(call("PATCH", "/api/transactions/" + id, R"({"status":"DONE"})").status, 400);
  EXPECT_EQ(call("GET", "/api/transactions/no-uuid").status, 400);
  for (const char* query : {"page=0", "limit=0", "limit=101", "status=x", "currency=BTC", "minAmount=x",
                            "startDate=x", "sortBy=status", "sortOrder=up"}) {
    EXPECT_EQ(call("GET", std::string("/api/transactions?") + query).status, 400) << query;
  }
  EXPECT_EQ(error_code(call("PATCH", "/api/transactions/" + id, R"({"status":"ROLLED_BACK"})")),
            "INVALID_STATUS_TRANSITION");
  EXPECT_EQ(call("POST", "/api/transactions", R"({"amount":1,"currency":"USD"})", {}, "").status, 401);
  EXPECT_EQ(authenticator_.permissions, (std::set<std::string>{"transaction:read", "transaction:write"}));
}

TEST_F(TransactionApiTest, AKeyInTheBodyAndOneInTheHeaderAreTheSame) {
  const std::string path = "/api/transactions";
  const std::string with_key = R"({"amount":1,"currency":"USD","idempotencyKey":"k"})";
  const std::string without = R"({"amount":1,"currency":"USD"})";
  http::Response first = call("POST", path, with_key);
  http::Response again = call("POST", path, without, {{"Idempotency-Key", "k"}});
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(data(again), data(first));
  EXPECT_EQ(header(again, "Idempotent-Replayed"), "true");
  EXPECT_EQ(header(first, "Idempotent-Replayed"), "");
  EXPECT_EQ(call("POST", path, with_key, {{"Idempotency-Key", "\"k\""}}).status, 201);
  EXPECT_EQ(call("POST", path, with_key, {{"Idempotency-Key", "other"}}).status, 400);
  http::Response reused = call("POST", path, R"({"amount":2,"currency":"USD"})", {{"Idempotency-Key", "k"}});
  EXPECT_EQ(reused.status, 422);
  EXPECT_EQ(error_code(reused), "IdempotencyKeyReuseError");
  EXPECT_EQ(data(call("POST", path, without, {{"Idempotency-Key", "k"}}, "bob")).find(R"("userId":"ann")"),
            std::string::npos);
}

TEST_F(TransactionApiTest, IfMatchOfAnOlderVersionIs409) {
  std::string path = "/api/transactions/" + created(R"({"amount":1,"currency":"USD"})");
  EXPECT_EQ(call("PATCH", path, R"({"amount":2})", {{"If-Match", "\"1\""}}).status, 200);
  http::Response lost = call("PATCH", path, R"({"amount":3})", {{"If-Match", "\"1\""}});
  EXPECT_EQ(lost.status, 409);
  EXPECT_EQ(error_code(lost), "CONFLICT");
  EXPECT_EQ(call("DELETE", path, {}, {{"If-Match", "W/\"1\""}}).status, 409);
  EXPECT_EQ(call("PATCH", path, R"({"amount":3})", {{"If-Match", "\"gone\""}}).status, 409);
  EXPECT_EQ(call("PATCH", path, R"({"amount":3})", {{"If-Match", "*"}}).status, 200);
  EXPECT_EQ(call("DELETE", path, {}, {{"If-Match", "W/\"3\""}}).status, 204);
}

TEST_F(TransactionApiTest, ListsHaveTheContractsShapeAndBounds) {
  for (const char* amount : {"1", "2.25", "3"}) {
    created(R"({"amount":)" + std::string(amount) + R"(,"currency":"USD"})");
  }
  std::string page = data(call("GET", "/api/transactions?limit=2&sortBy=amount&sortOrder=ASC"));
  EXPECT_TRUE(page.starts_with(R"({"data":[{"id":)")) << page;
  EXPECT_TRUE(page.ends_with(R"(],"total":3,"page":1,"limit":2,"totalPages":2})")) << page;
  EXPECT_LT(page.find(R"("amount":1,)"), page.find(R"("amount":2.25,)"));
  auto total = [&](std::string query) {
    std::string found = data(call("GET", "/api/transactions?" + query));
    return found.substr(found.find("\"total\":") + 8, 1);
  };
  EXPECT_EQ(total("minAmount=2.25&maxAmount=3"), "2");
  EXPECT_EQ(total("minAmount=2.251"), "1");
  EXPECT_EQ(total("maxAmount=2.2499"), "1");
  EXPECT_EQ(total("status=PENDING&currency=USD"), "3");
  EXPECT_EQ(total("currency=EUR"), "0");
  EXPECT_EQ(total("startDate=2026-03-01T12:00:00Z&endDate=2026-03-01T12:00:00.100Z"), "3");
  EXPECT_EQ(total("startDate=2026-03-02"), "0");
  EXPECT_TRUE(data(call("GET", "/api/transactions?page=9"))
                  .ends_with(R"({"data":[],"total":3,"page":9,"limit":10,"totalPages":1})"));
}

TEST_F(TransactionApiTest, HistoryIsAListAndWithATimeATransaction) {
  std::string id = created(R"({"amount":1,"currency":"USD"})");
  std::string path = "/api/transactions/" + id;
  std::string first = data(call("GET", path));
  std::string made_at = first.substr(first.find("createdAt") + 12, 24);
  clock_.jump(Duration::seconds(60));
  std::string second = data(call("PATCH", path, R"({"amount":2})"));
  std::string history = data(call("GET", path + "/history"));
  EXPECT_TRUE(history.starts_with(R"([{"version":2,"action":"UPDATE","transaction":)" + second +
                                  R"(,"userId":"ann","correlationId":")" + last_create_.correlation +
                                  R"(","auditLogId":"log-of-)" + last_create_.correlation + R"(","at":")"))
      << history;
  EXPECT_NE(history.find(R"({"version":1,"action":"CREATE","transaction":)" + first), std::string::npos);
  EXPECT_EQ(data(call("GET", path + "/history?at=" + made_at)), first);
  EXPECT_EQ(data(call("GET", path + "/history?at=2026-03-01T13:00:00Z")), second);
  EXPECT_EQ(call("GET", path + "/history?at=2026-03-01T11:59:59Z").status, 404);
  EXPECT_EQ(call("GET", path + "/history", {}, {}, "bob").status, 404);
  EXPECT_EQ(call("GET", path, {}, {}, "bob").status, 404);
}

}  // namespace
}  // namespace ducat::transactions::testing
