// Finding routes.
#include "platform/http/router.h"

#include <gtest/gtest.h>

namespace ducat::http {
namespace {

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    int id = 0;
    for (auto [method, pattern] : std::initializer_list<std::pair<const char*, const char*>>{
             {"GET", "/"},                                     // 0
             {"POST", "/v1/wallet/batch"},                     // 1
             {"GET", "/v1/wallet/:id"},                        // 2
             {"POST", "/v1/wallet/:id/deposit"},               // 3
             {"POST", "/v1/wallet/{id}/holds/{holdId}/void"},  // 4
             {"GET", "/v1/wallet/:walletId/holds"},            // 5
             {"POST", "/v1/wallet/:id/holds"},                 // 6
             {"HEAD", "/own-head"},                            // 7
             {"GET", "/own-head"},                             // 8
             {"GET", "/a/fixed/x"},                            // 9
             {"GET", "/a/:any/y"},                             // 10
         }) {
      auto added = router_.add(method, pattern, id++);
      EXPECT_TRUE(added) << added.error().message;
    }
  }
  int route(std::string_view method, std::string_view path) {
    return router_.find(method, path, match_) == Router::Found::kRoute ? match_.route_id : -1;
  }

  Router router_;
  RouteMatch match_;
};

TEST_F(RouterTest, FindsTextAndParameters) {
  EXPECT_EQ(route("GET", "/"), 0);
  EXPECT_TRUE(match_.params.empty());
  EXPECT_EQ(route("POST", "/v1/wallet/u1/deposit"), 3);
  EXPECT_EQ(match_.param("id"), "u1");
  EXPECT_EQ(match_.param("other"), "");
  EXPECT_EQ(route("POST", "/v1/wallet/u1/holds/h2/void"), 4);
  EXPECT_EQ(match_.param("id"), "u1");
  EXPECT_EQ(match_.param("holdId"), "h2");
}

TEST_F(RouterTest, NamesParametersByTheRouteThatMatched) {
  EXPECT_EQ(route("GET", "/v1/wallet/u1/holds"), 5);
  EXPECT_EQ(match_.param("walletId"), "u1");
  EXPECT_EQ(route("POST", "/v1/wallet/u1/holds"), 6);
  EXPECT_EQ(match_.param("id"), "u1");
  EXPECT_EQ(match_.params.size(), 1u);
}

TEST_F(RouterTest, PrefersTextWhereItLeadsSomewhere) {
  EXPECT_EQ(route("POST", "/v1/wallet/batch"), 1);
  EXPECT_EQ(route("GET", "/v1/wallet/batch"), 2);
  EXPECT_EQ(match_.param("id"), "batch");
  EXPECT_EQ(route("GET", "/a/fixed/x"), 9);
  EXPECT_EQ(route("GET", "/a/fixed/y"), 10);
  EXPECT_EQ(match_.params.size(), 1u);
  EXPECT_EQ(match_.param("any"), "fixed");
}

TEST_F(RouterTest, DecodesSegmentsAfterSplitting) {
  EXPECT_EQ(route("GET", "/v1/wallet/u%31%2Fx%20%C3%a9"), 2);
  EXPECT_EQ(match_.param("id"), "u1/x \xC3\xA9");
  EXPECT_EQ(route("GET", "/v1/w%61llet/u%2b+1"), 2);
  EXPECT_EQ(match_.param("id"), "u++1");
}

TEST_F(RouterTest, RefusesBrokenEscapesAndNul) {
  for (const char* path :
       {"/v1/wallet/%", "/v1/wallet/%1", "/v1/wallet/%zz", "/v1/wallet/%0g", "/%00", "/nowhere/%4"}) {
    EXPECT_EQ(router_.find("GET", path, match_), Router::Found::kBadPath) << path;
  }
}

TEST_F(RouterTest, DoesNotFindOtherPaths) {
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "/a";
  for (std::string path : {"", "*", "/v1", "/v1/wallet", "/v1/wallet/", "/v1/wallet//deposit",
                           "/v1/wallet/u/", "/V1/wallet/u", "//", "/v1/wallet/u/deposit/more"}) {
    EXPECT_EQ(router_.find("GET", path, match_), Router::Found::kNotFound) << path;
  }
  EXPECT_EQ(router_.find("GET", deep, match_), Router::Found::kNotFound);
}

TEST_F(RouterTest, ListsTheMethodsOfAPathThatHasOthers) {
  EXPECT_EQ(router_.find("DELETE", "/v1/wallet/u1/holds", match_), Router::Found::kMethodNotAllowed);
  EXPECT_EQ(match_.allow, "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(router_.find("GET", "/v1/wallet/u1/deposit", match_), Router::Found::kMethodNotAllowed);
  EXPECT_EQ(match_.allow, "POST, OPTIONS");
  EXPECT_EQ(router_.find("OPTIONS", "/v1/wallet/batch", match_), Router::Found::kMethodNotAllowed);
  EXPECT_EQ(match_.allow, "POST, GET, HEAD, OPTIONS");
}

TEST_F(RouterTest, AnswersHeadByGetUnlessItHasItsOwn) {
  EXPECT_EQ(route("HEAD", "/v1/wallet/u1"), 2);
  EXPECT_EQ(match_.param("id"), "u1");
  EXPECT_EQ(route("HEAD", "/own-head"), 7);
  EXPECT_EQ(route("GET", "/own-head"), 8);
  EXPECT_EQ(router_.find("HEAD", "/v1/wallet/u1/deposit", match_), Router::Found::kMethodNotAllowed);
}

TEST_F(RouterTest, RefusesPatternsThatAreWrongOrTaken) {
  EXPECT_EQ(router_.add("GET", "no-slash", 1).error().code, Errc::kInvalid);
  EXPECT_EQ(router_.add("", "/x", 1).error().code, Errc::kInvalid);
  EXPECT_EQ(router_.add("GET", "/:a/:a", 1).error().code, Errc::kInvalid);
  EXPECT_EQ(router_.add("GET", "/v1/wallet/:other", 1).error().code, Errc::kConflict);
  EXPECT_TRUE(router_.add("PUT", "/v1/wallet/:other", 1));
}

}  // namespace
}  // namespace ducat::http
