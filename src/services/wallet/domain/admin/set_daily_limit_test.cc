#include "services/wallet/domain/admin/set_daily_limit.h"

#include "services/wallet/domain/testing/given.h"

namespace ducat::wallet {
namespace {

using namespace testing;

struct Case {
  const char* when;
  std::optional<Wallet> given;
  std::optional<std::string_view> limit;
  std::string_view then;
};

TEST(SetDailyLimit, AnswersEveryCase) {
  const Wallet wallet = with_balance("5");
  Wallet limited = wallet;
  limited.daily_limit = usd("100");
  const Case cases[] = {
      {"a first limit", wallet, "100", "0:LIMIT_CHANGED"},
      {"another limit", limited, "50", "0:LIMIT_CHANGED"},
      {"nothing may be spent", wallet, "0", "0:LIMIT_CHANGED"},
      {"no limit any more", limited, {}, "0:LIMIT_CHANGED"},
      {"the same", limited, "100.00", ""},
      {"still none", wallet, {}, ""},
      {"negative", wallet, "-1", "400 ValidationError: limit must not be less than 0"},
      {"too precise", wallet, "1.005",
       "400 ValidationError: limit must be a number conforming to the specified constraints"},
      {"frozen", frozen(wallet), "100", "0:LIMIT_CHANGED"},
      {"closed", closed(with_balance("0")), "100", kClosed},
      {"nobody", {}, "100", kNotFound},
  };
  for (const Case& c : cases) {
    SetDailyLimit command;
    if (c.limit) command.limit = dec(*c.limit);
    Decision decision = decide(c.given ? &*c.given : nullptr, command, kContext);
    EXPECT_EQ(answer_of(decision), c.then) << c.when;
  }
}

TEST(SetDailyLimit, SetsAndRemovesTheLimit) {
  const Wallet wallet = with_balance("5");
  Decision decision = decide(&wallet, SetDailyLimit{dec("100"), "parents asked"}, kContext);
  ASSERT_TRUE(decision);
  EXPECT_EQ((*decision)[0].event.limit_kind, LimitKind::kDaily);
  EXPECT_EQ((*decision)[0].event.reason, "parents asked");
  const Wallet limited = after(&wallet, decision);
  EXPECT_EQ(limited.daily_limit, usd("100"));

  Decision removed = decide(&limited, SetDailyLimit{}, kContext);
  ASSERT_TRUE(removed);
  EXPECT_EQ(after(&limited, removed), wallet);
}

}  // namespace
}  // namespace ducat::wallet
