// The fetcher against a server on this machine.
#include "platform/fetch/fetcher.h"

#include <gtest/gtest.h>

#include <future>

#include "platform/http/server_fixture.h"

namespace ducat::fetch {
namespace {

class FetcherTest : public http::ServerTest {
 protected:
  Result<Response> fetch(Request request, FetcherOptions options) {
    if (request.url.starts_with('/')) {
      request.url.insert(0, "http://127.0.0.1:" + std::to_string(server_->port()));
    }
    Fetcher fetcher(options);
    std::promise<Result<Response>> done;
    ducat::start(fetcher.fetch(std::move(request), home_),
                 [&done](Result<Response> response) { done.set_value(std::move(response)); });
    return done.get_future().get();
  }
  void TearDown() override {
    home_.stop();
    ServerTest::TearDown();
  }
  ThreadExecutor home_{"home"};
};

TEST_F(FetcherTest, GetsAnyStatusAndPostsABody) {
  start();
  handler_.answer = [](const http::Request& request) {
    http::Response response =
        http::text_response(std::string(request.method) + " " + std::string(request.body) + " " +
                            std::string(request.header("x-more")));
    response.status = request.path == "/teapot" ? 418 : 200;
    return response;
  };
  auto got = fetch({.url = "/teapot"}, {.allow_plain = true});
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->status, 418);
  auto posted = fetch({.method = "POST", .url = "/", .headers = {{"X-More", "yes"}}, .body = "a=b"},
                      {.allow_plain = true});
  ASSERT_TRUE(posted.has_value());
  EXPECT_EQ(posted->body, "POST a=b yes");
}

TEST_F(FetcherTest, PlainHttpIsForDevelopmentAndFilesForNobody) {
  start();
  for (const char* url : {"/", "file:///etc/hostname", "nonsense://x"}) {
    auto refused = fetch({.url = url}, {});
    ASSERT_FALSE(refused.has_value()) << url;
    EXPECT_EQ(refused.error().code, Errc::kInvalid) << refused.error().message;
  }
}

TEST_F(FetcherTest, RedirectsAreAnswersNotFollowed) {
  start();
  handler_.answer = [](const http::Request&) {
    http::Response response = http::text_response("");
    response.status = 302;
    response.headers.emplace_back("Location", "/elsewhere");
    return response;
  };
  auto got = fetch({.url = "/"}, {.allow_plain = true});
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->status, 302);
}

TEST_F(FetcherTest, TooMuchTooSlowAndNobodyThereAreErrorsOfTheirOwn) {
  start();
  handler_.answer = [](const http::Request&) { return http::text_response(std::string(5000, 'x')); };
  auto large = fetch({.url = "/"}, {.largest_body = 4999, .allow_plain = true});
  ASSERT_FALSE(large.has_value());
  EXPECT_EQ(large.error().code, Errc::kCorrupt);
  auto slow = fetch({.url = "/held"}, {.timeout = Duration::millis(200), .allow_plain = true});
  ASSERT_FALSE(slow.has_value());
  EXPECT_EQ(slow.error().code, Errc::kTimeout);
  auto nobody = fetch({.url = "http://127.0.0.1:1/"}, {.allow_plain = true});
  ASSERT_FALSE(nobody.has_value());
  EXPECT_EQ(nobody.error().code, Errc::kUnavailable);
  ASSERT_TRUE(handler_.wait_for_held(1));
  handler_.release(0);
}

}  // namespace
}  // namespace ducat::fetch
