#include "services/wallet/domain/admin/set_credit_limit.h"

#include "services/wallet/domain/testing/given.h"

namespace ducat::wallet {
namespace {

using namespace testing;

struct Case {
  const char* when;
  std::optional<Wallet> given;
  std::string_view limit;
  std::string_view then;
};

TEST(SetCreditLimit, AnswersEveryCase) {
  const Wallet wallet = with_balance("5");
  Wallet indebted = with_balance("-40");
  indebted.credit_limit = usd("50");
  const Case cases[] = {
      {"a first limit", wallet, "100", "0:LIMIT_CHANGED"},
      {"below what is used", indebted, "10", "0:LIMIT_CHANGED"},
      {"none any more", indebted, "0", "0:LIMIT_CHANGED"},
      {"the same", indebted, "50", ""},
      {"still none", wallet, "0", ""},
      {"negative", wallet, "-1", "400 ValidationError: limit must not be less than 0"},
      {"too precise", wallet, "1.005",
       "400 ValidationError: limit must be a number conforming to the specified constraints"},
      {"frozen", frozen(wallet), "100", "0:LIMIT_CHANGED"},
      {"closed", closed(with_balance("0")), "100", kClosed},
      {"nobody", {}, "100", kNotFound},
  };
  for (const Case& c : cases) {
    Decision decision = decide(c.given ? &*c.given : nullptr, SetCreditLimit{dec(c.limit), {}}, kContext);
    EXPECT_EQ(answer_of(decision), c.then) << c.when;
  }
}

TEST(SetCreditLimit, SetsTheLimit) {
  const Wallet wallet = with_balance("5");
  Decision decision = decide(&wallet, SetCreditLimit{dec("100"), "good customer"}, kContext);
  ASSERT_TRUE(decision);
  EXPECT_EQ((*decision)[0].event.limit_kind, LimitKind::kCredit);
  EXPECT_EQ((*decision)[0].event.reason, "good customer");
  EXPECT_EQ(after(&wallet, decision).credit_limit, usd("100"));
  EXPECT_EQ(after(&wallet, decision).spendable(), usd("105"));
}

}  // namespace
}  // namespace ducat::wallet
