#include "services/wallet/store/event_codec.h"

#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "ducat/wallet/v1/events.pb.h"
#include "services/wallet/domain/commands.h"

namespace ducat::wallet {
namespace {

Uuid uuid(uint8_t last) {
  Uuid id;
  id.bytes[0] = 1;
  id.bytes[15] = last;
  return id;
}

std::string encoded(WalletNo wallet, const Event& event) {
  std::string out;
  encode(out, wallet, event);
  return out;
}

// An event of each type, with every field that type uses.
std::vector<Event> samples() {
  const Event common{.currency = Currency::kUsd,
                     .day = 20'513,
                     .at = {1'772'366'400'123'456},
                     .balance_after = 1234,
                     .held_after = 500,
                     .day_spent_after = 70,
                     .request_id = "req-1"};
  std::vector<Event> events;
  auto add = [&](EventType type) -> Event& {
    events.push_back(common);
    events.back().type = type;
    return events.back();
  };
  add(EventType::kWalletCreated).wallet_id = "u1";
  add(EventType::kFundsDeposited).amount = 100;
  Event& sent = add(EventType::kFundsWithdrawn);
  sent.amount = 30;
  sent.saga = {uuid(2)};
  sent.hold = {uuid(2)};
  sent.counterparty = "bob";
  Event& compensated = add(EventType::kTransferCompensated);
  compensated.amount = 30;
  compensated.saga = {uuid(2)};
  compensated.hold = {uuid(2)};
  compensated.counterparty = "bob";
  compensated.reason = "receiver is frozen";
  Event& held = add(EventType::kFundsHeld);
  held.amount = 60;
  held.hold = {uuid(3)};
  held.expires_at = Timestamp{1'772'366'500'000'000};
  Event& captured = add(EventType::kHoldCaptured);
  captured.amount = 40;
  captured.hold_amount = 60;
  captured.hold = {uuid(3)};
  Event& voided = add(EventType::kHoldVoided);
  voided.amount = 60;
  voided.hold = {uuid(3)};
  voided.reason = kReasonExpired;
  add(EventType::kWalletFrozen).reason = "suspicious";
  add(EventType::kWalletUnfrozen);
  add(EventType::kWalletClosed).balance_after = 0;
  Event& limited = add(EventType::kLimitChanged);
  limited.limit_kind = LimitKind::kDaily;
  limited.limit = 0;
  limited.balance_after = -1234;
  add(EventType::kLimitChanged).limit_kind = LimitKind::kCredit;
  return events;
}

// Random events, their texts in `texts`: any field may be there, with small and with extreme values.
class RandomEvents {
 public:
  explicit RandomEvents(uint64_t seed) : random_(seed) {}

  Event next() {
    Event event;
    event.type = static_cast<EventType>(1 + random_.below(static_cast<uint64_t>(kLastEventType)));
    event.limit_kind = static_cast<LimitKind>(random_.below(3));
    event.currency = random_.below(2) == 0 ? Currency::kUsd : Currency::kBch;
    event.day = static_cast<int32_t>(number() & 0x7FFFFFFF);
    event.at = {number()};
    event.amount = number();
    event.hold_amount = number();
    event.balance_after = random_.below(2) == 0 ? number() : -number();
    event.held_after = number();
    event.day_spent_after = number();
    if (random_.below(2) == 0) event.limit = number();
    if (random_.below(2) == 0) event.expires_at = Timestamp{number()};
    if (random_.below(2) == 0) event.saga = {uuid(static_cast<uint8_t>(random_.next()))};
    if (random_.below(2) == 0) event.hold = {uuid(static_cast<uint8_t>(random_.next()))};
    event.wallet_id = text(0);
    event.counterparty = text(1);
    event.request_id = text(2);
    event.reason = text(3);
    return event;
  }
  uint64_t bits() { return random_.next(); }

 private:
  int64_t number() { return static_cast<int64_t>(random_.next() >> (1 + random_.below(63))); }
  std::string_view text(size_t slot) {
    texts_[slot].assign(random_.below(3) == 0 ? 0 : random_.below(300), static_cast<char>(random_.next()));
    return texts_[slot];
  }

  SeededRandom random_;
  std::array<std::string, 4> texts_;
};

v1::StoredEvent as_message(WalletNo wallet, const Event& event) {
  v1::StoredEvent message;
  message.set_wallet_no(std::to_underlying(wallet));
  message.set_type(static_cast<v1::StoredEventType>(event.type));
  message.set_at_micros(event.at.micros);
  message.set_currency(std::to_underlying(event.currency));
  message.set_amount(event.amount);
  message.set_balance_after(event.balance_after);
  message.set_held_after(event.held_after);
  message.set_day(static_cast<uint32_t>(event.day));
  message.set_day_spent_after(event.day_spent_after);
  if (!event.saga.none()) message.set_saga_id(event.saga.uuid.bytes.data(), 16);
  if (!event.hold.none()) message.set_hold_id(event.hold.uuid.bytes.data(), 16);
  message.set_counterparty(std::string(event.counterparty));
  message.set_request_id(std::string(event.request_id));
  message.set_reason(std::string(event.reason));
  message.set_wallet_id(std::string(event.wallet_id));
  message.set_hold_amount(event.hold_amount);
  message.set_limit_kind(static_cast<v1::StoredLimitKind>(event.limit_kind));
  if (event.limit) message.set_limit(*event.limit);
  if (event.expires_at) message.set_expires_at_micros(event.expires_at->micros);
  return message;
}

TEST(EventCodec, ReadsBackEveryTypeOfEvent) {
  for (const Event& event : samples()) {
    const std::string bytes = encoded(WalletNo{7}, event);
    auto view = decode_view(bytes);
    ASSERT_TRUE(view) << to_string(event.type) << ": " << view.error().message;
    EXPECT_EQ(view->wallet, WalletNo{7});
    EXPECT_EQ(view->event, event) << to_string(event.type);
  }
}

TEST(EventCodec, WritesTheBytesOfTheGeneratedClass) {
  for (const Event& event : samples()) {
    EXPECT_EQ(encoded(WalletNo{7}, event), as_message(WalletNo{7}, event).SerializeAsString())
        << to_string(event.type);
  }
  RandomEvents random(5);
  for (int i = 0; i < 5'000; ++i) {
    const Event event = random.next();
    const WalletNo wallet{random.bits()};
    const std::string bytes = encoded(wallet, event);
    ASSERT_EQ(bytes, as_message(wallet, event).SerializeAsString()) << i;
    auto view = decode_view(bytes);
    ASSERT_TRUE(view) << i;
    ASSERT_EQ(view->wallet, wallet) << i;
    ASSERT_EQ(view->event, event) << i;
  }
}

TEST(EventCodec, GeneratedClassReadsItsBytes) {
  for (const Event& event : samples()) {
    v1::StoredEvent message;
    ASSERT_TRUE(message.ParseFromString(encoded(WalletNo{7}, event)));
    EXPECT_EQ(message.DebugString(), as_message(WalletNo{7}, event).DebugString());
    EXPECT_TRUE(message.GetReflection()->GetUnknownFields(message).empty());
  }
}

TEST(EventCodec, AppendsToWhatIsThere) {
  std::string out = "before";
  encode(out, WalletNo{1}, samples()[0]);
  encode(out, WalletNo{2}, samples()[1]);
  EXPECT_EQ(out, "before" + encoded(WalletNo{1}, samples()[0]) + encoded(WalletNo{2}, samples()[1]));
}

TEST(EventCodec, DecodedEventOutlivesItsBytesAndMoves) {
  const Event event = samples()[2];
  std::string bytes = encoded(WalletNo{7}, event);
  auto decoded = decode(bytes);
  ASSERT_TRUE(decoded);
  std::ranges::fill(bytes, '\0');
  StoredWalletEvent moved = std::move(*decoded);
  EXPECT_EQ(moved.wallet(), WalletNo{7});
  EXPECT_EQ(moved.event(), event);
}

TEST(EventCodec, SkipsFieldsOfNewerVersions) {
  const Event event = samples()[2];
  std::string bytes = encoded(WalletNo{7}, event);
  bytes += std::string("\xA0\x01\x05", 3);                               // field 20, number
  bytes += std::string("\xAA\x01\x02hi", 5);                             // field 21, bytes
  bytes += std::string("\xB1\x01\x01\x02\x03\x04\x05\x06\x07\x08", 10);  // field 22, 8 bytes
  bytes += std::string("\xBD\x01\x01\x02\x03\x04", 6);                   // field 23, 4 bytes
  auto view = decode_view(bytes);
  ASSERT_TRUE(view) << view.error().message;
  EXPECT_EQ(view->event, event);
}

TEST(EventCodec, RefusesBytesThatNoEventHas) {
  auto with = [](auto&& change) {
    v1::StoredEvent message = as_message(WalletNo{7}, samples()[2]);
    change(message);
    return message.SerializeAsString();
  };
  const std::string bad[] = {
      "",
      with([](auto& m) { m.clear_type(); }),
      with([](auto& m) { m.set_type(static_cast<v1::StoredEventType>(12)); }),
      with([](auto& m) { m.clear_currency(); }),
      with([](auto& m) { m.set_currency(959); }),
      with([](auto& m) { m.set_currency(70'000); }),
      with([](auto& m) { m.set_amount(-1); }),
      with([](auto& m) { m.set_held_after(-1); }),
      with([](auto& m) { m.set_day_spent_after(-1); }),
      with([](auto& m) { m.set_hold_amount(-1); }),
      with([](auto& m) { m.set_limit(-1); }),
      with([](auto& m) { m.set_limit_kind(static_cast<v1::StoredLimitKind>(3)); }),
      with([](auto& m) { m.set_day(0x8000'0000); }),
      with([](auto& m) { m.set_saga_id("short"); }),
      with([](auto& m) { m.set_hold_id(std::string(17, 'x')); }),
      encoded(WalletNo{7}, samples()[2]) + std::string("\x00\x01", 2),      // field 0
      encoded(WalletNo{7}, samples()[2]) + std::string("\x0B", 1),          // a group
      encoded(WalletNo{7}, samples()[2]) + std::string("\x0A\x01\x01", 3),  // a number's field with bytes
      encoded(WalletNo{7}, samples()[2]) + std::string("\x60\x01", 2),      // a text's field with a number
      encoded(WalletNo{7}, samples()[2]) + std::string("\x0D\x01\x01\x01\x01", 5),  // a known field, 4 bytes
  };
  for (const std::string& bytes : bad) {
    auto view = decode_view(bytes);
    ASSERT_FALSE(view) << &bytes - bad;
    EXPECT_EQ(view.error().code, Errc::kCorrupt);
    EXPECT_FALSE(decode(bytes));
  }
}

TEST(EventCodec, RefusesBytesThatAreCutInsideAField) {
  const Event event = samples()[2];
  const std::string bytes = encoded(WalletNo{7}, event);
  v1::StoredEvent message;
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);
    auto view = decode_view(cut);
    // A cut between two fields is a shorter event: the journal's checksum sees that, no codec can.
    EXPECT_TRUE(!view || message.ParseFromString(cut)) << size;
    EXPECT_TRUE(!view || view->event != event) << size;
  }
}

TEST(EventCodec, AgreesWithTheGeneratedClassOnDamagedBytes) {
  RandomEvents random(11);
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = encoded(WalletNo{random.bits() % 1000}, random.next());
    for (uint64_t flips = 1 + random.bits() % 3; flips > 0; --flips) {
      bytes[random.bits() % bytes.size()] = static_cast<char>(random.bits());
    }
    auto view = decode_view(bytes);
    if (!view) continue;
    ++accepted;
    v1::StoredEvent message;
    ASSERT_TRUE(message.ParseFromString(bytes)) << i;
    ASSERT_EQ(message.amount(), view->event.amount) << i;
    ASSERT_EQ(message.balance_after(), view->event.balance_after) << i;
    ASSERT_EQ(message.counterparty(), view->event.counterparty) << i;
    ASSERT_EQ(message.wallet_no(), std::to_underlying(view->wallet)) << i;
  }
  EXPECT_GT(accepted, 1'000);
}

TEST(EventCodec, KeepsTextsThatAreNotUtf8) {
  Event event = samples()[0];
  event.wallet_id = std::string_view("\xFF\x00\xFE", 3);
  const std::string bytes = encoded(WalletNo{7}, event);
  auto view = decode_view(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->event.wallet_id, event.wallet_id);
}

}  // namespace
}  // namespace ducat::wallet
