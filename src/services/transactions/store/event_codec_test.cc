#include "services/transactions/store/event_codec.h"

#include "ducat/transactions/v1/events.pb.h"
#include "services/transactions/domain/testing/given.h"

namespace ducat::transactions {
namespace {

using namespace testing;

Transaction a_full_one() {
  Transaction transaction = of_ann();
  transaction.description = "";
  transaction.metadata = R"({"a": [1, 2.50]})";
  transaction.version = 300;
  transaction.status = TransactionStatus::kRolledBack;
  transaction.deleted_at = kNoon + kDay;
  return transaction;
}

ChangeProposed an_update() {
  ChangeProposed proposed;
  proposed.correlation = {uuid(3)};
  proposed.change = Change::kUpdate;
  proposed.before = ref(of_ann());
  proposed.after = ref(a_full_one());
  proposed.fields = kAmountField | kStatusField;
  proposed.ip_address = "::1";
  proposed.user_agent = "agent \xFF";
  proposed.traceparent = "00-x";
  proposed.deadline = kNoon;
  proposed.idempotency_key = "key";
  proposed.fingerprint = UINT64_MAX;
  return proposed;
}

std::string bytes_of(const Event& event) {
  std::string bytes;
  encode(bytes, event);
  return bytes;
}

template <typename T>
T again(const T& event) {
  auto decoded = decode(bytes_of(event));
  EXPECT_TRUE(decoded.has_value()) << (decoded ? "" : decoded.error().message);
  return std::get<T>(*decoded);
}

TEST(EventCodec, AProposalComesBackWhole) {
  ChangeProposed event = an_update();
  ChangeProposed back = again(event);
  EXPECT_EQ(back.correlation, event.correlation);
  EXPECT_EQ(back.change, event.change);
  EXPECT_EQ(*back.before, *event.before);
  EXPECT_EQ(*back.after, *event.after);
  EXPECT_EQ(back.fields, event.fields);
  EXPECT_EQ(back.ip_address, event.ip_address);
  EXPECT_EQ(back.user_agent, event.user_agent);
  EXPECT_EQ(back.traceparent, event.traceparent);
  EXPECT_EQ(back.deadline, event.deadline);
  EXPECT_EQ(back.idempotency_key, event.idempotency_key);
  EXPECT_EQ(back.fingerprint, event.fingerprint);
  event.change = Change::kCreate;
  event.before = nullptr;
  EXPECT_EQ(again(event).before, nullptr);
}

TEST(EventCodec, TheOthersComeBackWhole) {
  ChangeConfirmed confirmed{{uuid(3)}, Change::kDelete, "log-1", ref(a_full_one())};
  ChangeConfirmed confirmed_back = again(confirmed);
  EXPECT_EQ(confirmed_back.correlation, confirmed.correlation);
  EXPECT_EQ(confirmed_back.change, confirmed.change);
  EXPECT_EQ(confirmed_back.audit_log_id, "log-1");
  EXPECT_EQ(*confirmed_back.after, *confirmed.after);
  ChangeRolledBack rolled_back{{uuid(4)}, Change::kRestore, {uuid(5)}, "ann", "timeout"};
  ChangeRolledBack rolled_back_back = again(rolled_back);
  EXPECT_EQ(rolled_back_back.correlation, rolled_back.correlation);
  EXPECT_EQ(rolled_back_back.change, rolled_back.change);
  EXPECT_EQ(rolled_back_back.transaction, rolled_back.transaction);
  EXPECT_EQ(rolled_back_back.user_id, "ann");
  EXPECT_EQ(rolled_back_back.reason, "timeout");
  EXPECT_EQ(again(TransactionPurged{{uuid(6)}}).transaction, TransactionId{uuid(6)});
}

TEST(EventCodec, AbsentAndEmptyAreTwoThings) {
  Transaction transaction = of_ann();
  std::string bytes;
  encode(bytes, transaction);
  auto back = decode_transaction(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(**back, transaction);
  transaction.description = "";
  bytes.clear();
  encode(bytes, transaction);
  EXPECT_EQ((*decode_transaction(bytes))->description, "");
}

TEST(EventCodec, TheFirstByteTellsTheType) {
  EXPECT_EQ(type_of(bytes_of(an_update())), EventType::kProposed);
  EXPECT_EQ(type_of(bytes_of(ChangeConfirmed{{uuid(3)}, Change::kDelete, "l", ref(of_ann())})),
            EventType::kConfirmed);
  EXPECT_EQ(type_of(bytes_of(ChangeRolledBack{})), EventType::kRolledBack);
  EXPECT_EQ(type_of(bytes_of(TransactionPurged{})), EventType::kPurged);
  EXPECT_EQ(type_of(""), EventType::kUnknown);
  EXPECT_EQ(type_of("\x2A"), EventType::kUnknown);
  EXPECT_EQ(type_of("\x08"), EventType::kUnknown);
}

TEST(EventCodec, WhatIsDamagedIsCorrupt) {
  std::string whole = bytes_of(an_update());
  for (size_t size = 0; size < whole.size(); ++size) {
    auto decoded = decode(whole.substr(0, size));
    ASSERT_FALSE(decoded) << "cut at " << size;
    EXPECT_EQ(decoded.error().code, Errc::kCorrupt);
  }
  v1::StoredEvent stored;
  auto refused = [&](auto spoil) {
    EXPECT_TRUE(stored.ParseFromString(whole));
    spoil(*stored.mutable_proposed());
    return !decode(stored.SerializeAsString());
  };
  EXPECT_TRUE(refused([](auto& p) { p.set_correlation_id("short"); }));
  EXPECT_TRUE(refused([](auto& p) { p.set_change(static_cast<v1::StoredChange>(9)); }));
  EXPECT_TRUE(refused([](auto& p) { p.clear_before(); }));
  EXPECT_TRUE(refused([](auto& p) { p.mutable_after()->set_currency(999'999); }));
  EXPECT_TRUE(refused([](auto& p) { p.mutable_after()->set_currency(414); })) << "KWD is not offered";
  EXPECT_TRUE(refused([](auto& p) { p.mutable_after()->set_amount(-1); }));
  EXPECT_TRUE(refused([](auto& p) { p.mutable_after()->set_status(static_cast<v1::StoredStatus>(7)); }));
}

}  // namespace
}  // namespace ducat::transactions
