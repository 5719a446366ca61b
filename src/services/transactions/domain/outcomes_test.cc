#include "services/transactions/domain/outcomes.h"

#include "services/transactions/domain/changes/create_transaction.h"
#include "services/transactions/domain/testing/given.h"

namespace ducat::transactions {
namespace {

using namespace testing;

OpenChange an_open_change() {
  return open_change_of(*decide(CreateTransaction{dec("1"), Currency::kUsd, {}, {}}, by("ann")));
}

TEST(Outcomes, AConfirmedChangeIsWhatWasProposed) {
  OpenChange open = an_open_change();
  auto confirmed = decide(&open, ConfirmChange{open.correlation, "log-1"});
  ASSERT_TRUE(confirmed);
  EXPECT_EQ(confirmed->correlation, open.correlation);
  EXPECT_EQ(confirmed->audit_log_id, "log-1");
  EXPECT_EQ(confirmed->after, open.after);
}

TEST(Outcomes, ARolledBackChangeSaysWhoseItWasAndWhy) {
  OpenChange open = an_open_change();
  auto rolled_back = decide(&open, RollBackChange{open.correlation, kReasonTimeout});
  ASSERT_TRUE(rolled_back);
  EXPECT_EQ(rolled_back->transaction, open.after->id);
  EXPECT_EQ(rolled_back->user_id, "ann");
  EXPECT_EQ(rolled_back->reason, "timeout");
}

TEST(Outcomes, WhatIsNotOpenIsNotDecided) {
  auto confirmed = decide(nullptr, ConfirmChange{{uuid(7)}, "log-1"});
  ASSERT_FALSE(confirmed);
  EXPECT_EQ(confirmed.error().kind, RefusalKind::kNoSuchChange);
  auto rolled_back = decide(nullptr, RollBackChange{{uuid(7)}, "x"});
  ASSERT_FALSE(rolled_back);
  EXPECT_EQ(rolled_back.error().kind, RefusalKind::kNoSuchChange);
}

TEST(Outcomes, APurgeComesWhenARestoreCannotAnyMore) {
  Transaction gone = deleted();
  Timestamp end = kNoon + kDay;
  EXPECT_FALSE(decide(&gone, PurgeTransaction{gone.id}, end - Duration{1}, kDay));
  EXPECT_TRUE(decide(&gone, PurgeTransaction{gone.id}, end, kDay));
  Transaction there = of_ann();
  EXPECT_FALSE(decide(&there, PurgeTransaction{there.id}, end, kDay));
  EXPECT_FALSE(decide(nullptr, PurgeTransaction{there.id}, end, kDay));
}

TEST(Types, AmountsOfAllCurrenciesCompareAsHundredths) {
  EXPECT_EQ(hundredths_of({150, Currency::kUsd}), 150);
  EXPECT_EQ(hundredths_of({150, Currency::kJpy}), 15'000);
  EXPECT_EQ(money_of(15'000, Currency::kJpy), (Money{150, Currency::kJpy}));
  EXPECT_EQ(money_of(150, Currency::kEur), (Money{150, Currency::kEur}));
}

TEST(Types, StatusesAndCurrenciesAreThoseOfTheContract) {
  for (std::string_view text : {"PENDING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED", "ROLLED_BACK"}) {
    auto status = parse_status(text);
    ASSERT_TRUE(status) << text;
    EXPECT_EQ(to_string(*status), text);
  }
  EXPECT_FALSE(parse_status("pending"));
  for (std::string_view code : {"USD", "EUR", "GBP", "JPY", "CAD", "AUD", "CHF", "CNY"}) {
    EXPECT_TRUE(is_offered(currency(code))) << code;
  }
  EXPECT_FALSE(is_offered(Currency::kKwd));
}

TEST(Refusals, EachHasAStatusAndAMessage) {
  for (int kind = 0; kind <= static_cast<int>(kLastRefusalKind); ++kind) {
    RenderedRefusal rendered = render({.kind = static_cast<RefusalKind>(kind)});
    EXPECT_GE(rendered.status, 400) << kind;
    EXPECT_FALSE(rendered.message.empty()) << kind;
  }
}

}  // namespace
}  // namespace ducat::transactions
