// Signing in with an external provider, from the start to the tokens, against a small provider on this
// machine.
#include "platform/rpc/dispatcher.h"
#include "platform/rpc/testing/fake_exchange.h"
#include "services/identity/oidc/oidc_api.h"
#include "services/identity/testing/fake_provider.h"
#include "services/identity/testing/identity_server.h"

namespace ducat::identity::testing {
namespace {

using rpc::testing::FakeExchange;
using rpc::testing::header_of;

class Oidc : public ::testing::Test {
 protected:
  Oidc() { api_.bind(registry_); }
  ~Oidc() override { executor_.stop(); }

  http::Response get(const std::string& target, FakeExchange::Headers headers = {}) {
    FakeExchange exchange(executor_, "GET", target, {}, std::move(headers));
    executor_.post([&] { dispatcher().handle(exchange); });
    return exchange.wait();
  }
  // Out to the provider; the cookie and where the browser is to go.
  struct Started {
    std::string cookie, url;
  };
  Started start_sign_in() {
    http::Response response = get("/api/auth/oidc/start");
    EXPECT_EQ(response.status, 302) << response.body;
    std::string cookie = header_of(response, "Set-Cookie").value_or("");
    EXPECT_NE(cookie.find("HttpOnly"), std::string::npos);
    return {cookie.substr(0, cookie.find(';')), header_of(response, "Location").value_or("")};
  }
  http::Response come_back(const std::string& query, const std::string& cookie) {
    return get("/api/auth/oidc/callback?" + query, {{"Cookie", "other=1; " + cookie}});
  }
  http::Response sign_in() {
    Started started = start_sign_in();
    return come_back(fake_.authorize(started.url), started.cookie);
  }
  rpc::Dispatcher& dispatcher() {
    if (!dispatcher_) {
      rpc::DispatcherOptions options;
      options.clock = &clock_;
      options.random = &random_;
      dispatcher_ = std::make_unique<rpc::Dispatcher>(registry_, files_, options);
    }
    return *dispatcher_;
  }

  TestClock clock_;
  SystemRandom random_;
  kernel::testing::SqliteBackend backend_;
  IdentityServer server_{backend_, clock_};
  FakeProvider fake_{clock_};
  fetch::Fetcher fetcher_{{.allow_plain = true}};
  Provider provider_{{.issuer = fake_.issuer,
                      .client_id = "ducat-client",
                      .client_secret = "secret",
                      .redirect_url = "http://localhost:3000/api/auth/oidc/callback",
                      .refetch = Duration{0}},
                     fetcher_,
                     clock_};
  OidcApi api_{{[this]() -> IdentityService& { return server_.service(); }, provider_, server_.tokens(),
                clock_, random_}};
  rpc::Registry registry_;
  rpc::StaticRoutes files_;
  std::unique_ptr<rpc::Dispatcher> dispatcher_;
  ThreadExecutor executor_{"io"};
};

TEST_F(Oidc, SignsInWhomTheProviderVouchesForAndKnowsHimAgain) {
  http::Response first = sign_in();
  EXPECT_EQ(first.status, 200) << first.body;
  EXPECT_NE(first.body.find("\"accessToken\":\""), std::string::npos);
  auto user = server_.find(name_of_email("ann@example.com"));
  ASSERT_TRUE(user.has_value());
  EXPECT_TRUE(user->email_verified);
  EXPECT_EQ(user->profile.first_name, "Ann");
  fake_.email = "ann@elsewhere.example";
  http::Response second = sign_in();
  EXPECT_EQ(second.status, 200);
  EXPECT_NE(second.body.find(user->id.to_string()), std::string::npos)
      << "by his identity, not by his address";
}

TEST_F(Oidc, LinksAnAccountByAVerifiedAddressOnly) {
  ASSERT_TRUE(server_.sign_up("ann", "ann@example.com").has_value());
  fake_.email_verified = false;
  EXPECT_EQ(sign_in().status, 409);
  fake_.email_verified = true;
  EXPECT_EQ(sign_in().status, 200);
  auto user = server_.find(name_of_username("ann"));
  EXPECT_EQ(user->external_identities.size(), 1u);
  EXPECT_FALSE(server_.sign_in("ann").has_value()) << "the password's owner never proved the address";
}

TEST_F(Oidc, TheBrowserThatStartedMustBeTheOneThatComesBack) {
  Started mine = start_sign_in();
  Started other = start_sign_in();
  std::string query = fake_.authorize(mine.url);
  EXPECT_EQ(come_back(query, other.cookie).status, 401) << "another's state";
  EXPECT_EQ(come_back(query, "ducat_oidc=x").status, 401);
  EXPECT_EQ(get("/api/auth/oidc/callback?" + query).status, 401) << "no cookie";
  EXPECT_EQ(come_back("code=code-1", mine.cookie).status, 401) << "no state";
  EXPECT_EQ(
      come_back("error=access_denied&state=" + FakeProvider::query(mine.url, "state"), mine.cookie).status,
      401);
  EXPECT_EQ(come_back(query, mine.cookie).status, 200);
  EXPECT_EQ(come_back(query, mine.cookie).status, 401) << "a code works once";
  Started late = start_sign_in();
  query = fake_.authorize(late.url);
  clock_.jump(Duration::seconds(601));
  EXPECT_EQ(come_back(query, late.cookie).status, 401);
}

TEST_F(Oidc, ATokenThatIsNotForThisSignInIsRefused) {
  const std::pair<std::string, std::string> changes[] = {
      {"\"aud\":\"ducat-client\"", "\"aud\":\"another\""},
      {"\"iss\":\"http", "\"iss\":\"https"},
      {"\"nonce\":\"", "\"nonce\":\"x"},
      {"\"aud\":\"ducat-client\"", "\"aud\":[\"ducat-client\",\"b\"]"},
      {"\"exp\":18", "\"exp\":17"},
      {"\"sub\":\"7\"", "\"sub\":\"\""}};
  for (const auto& [from, to] : changes) {
    fake_.spoil = [&](std::string payload) { return payload.replace(payload.find(from), from.size(), to); };
    EXPECT_EQ(sign_in().status, 401) << to;
  }
  fake_.spoil = [](std::string payload) { return payload; };
  for (const char* algorithm : {"none", "HS256", "RS512", "ES256"}) {
    fake_.algorithm = algorithm;
    EXPECT_EQ(sign_in().status, 401) << algorithm;
  }
  fake_.algorithm.clear();
  EXPECT_EQ(sign_in().status, 200);
}

TEST_F(Oidc, FollowsAProviderThatChangesItsKeys) {
  EXPECT_EQ(sign_in().status, 200);
  EXPECT_EQ(sign_in().status, 200);
  EXPECT_EQ(fake_.asked["/keys"], 1) << "kept as long as they do";
  fake_.rotate("k2", true);
  EXPECT_EQ(sign_in().status, 200);
  EXPECT_EQ(fake_.asked["/keys"], 2);
  EXPECT_EQ(fake_.asked["/.well-known/openid-configuration"], 1);
  fake_.rotate("k2", true);
  EXPECT_EQ(sign_in().status, 401) << "another key under a known name";
}

TEST_F(Oidc, WithoutAProviderThereIsNone) {
  Provider none({}, fetcher_, clock_);
  OidcApi api(
      {[this]() -> IdentityService& { return server_.service(); }, none, server_.tokens(), clock_, random_});
  rpc::Registry registry;
  api.bind(registry);
  rpc::DispatcherOptions options;
  options.clock = &clock_;
  options.random = &random_;
  rpc::Dispatcher dispatcher(registry, files_, options);
  for (const char* path : {"/api/auth/oidc/start", "/api/auth/oidc/callback?code=x&state=y"}) {
    FakeExchange exchange(executor_, "GET", path);
    executor_.post([&] { dispatcher.handle(exchange); });
    EXPECT_EQ(exchange.wait().status, 404) << path;
  }
}

TEST_F(Oidc, AProviderThatDoesNotAnswerIsUnavailable) {
  Provider silent(
      {.issuer = "http://127.0.0.1:1", .client_id = "c", .client_secret = {}, .redirect_url = "r"}, fetcher_,
      clock_);
  auto url = IdentityServer::get(silent.authorization_url({"s", "n", "v"}, executor_));
  ASSERT_FALSE(url.has_value());
  EXPECT_EQ(url.error().code, Errc::kUnavailable);
}

}  // namespace
}  // namespace ducat::identity::testing
