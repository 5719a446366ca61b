#include "services/wallet/store/event_codec.h"

#include <cstring>
#include <limits>
#include <utility>

#include "base/bytes.h"

namespace ducat::wallet {
namespace {

// Field numbers of ducat.wallet.v1.StoredEvent.
enum Field : uint32_t {
  kWalletNo = 1,
  kType = 2,
  kAtMicros = 3,
  kCurrency = 4,
  kAmount = 5,
  kBalanceAfter = 6,
  kHeldAfter = 7,
  kDay = 8,
  kDaySpentAfter = 9,
  kSagaId = 10,
  kHoldId = 11,
  kCounterparty = 12,
  kRequestId = 13,
  kReason = 14,
  kWalletId = 15,
  kHoldAmount = 16,
  kLimitKind = 17,
  kLimit = 18,
  kExpiresAtMicros = 19,
};

enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// 13 numbers of at most 2 + 10 bytes, 2 ids of 1 + 1 + 16, 4 texts of 1 + 5 and their own length.
constexpr size_t kMaxWithoutTexts = 13 * 12 + 2 * 18 + 4 * 6;

// Writes fields to memory that is large enough. Defaults are left out, as proto3 wants it.
class FieldWriter {
 public:
  explicit FieldWriter(char* at) : at_(at) {}
  char* at() const { return at_; }

  void number(Field field, uint64_t value) {
    if (value != 0) present(field, value);
  }
  void signed_number(Field field, int64_t value) {
    number(field, static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63));
  }
  void present(Field field, uint64_t value) {
    varint(field << 3 | kVarint);
    varint(value);
  }
  void bytes(Field field, std::string_view value) {
    if (value.empty()) return;
    varint(field << 3 | kBytes);
    varint(value.size());
    std::memcpy(at_, value.data(), value.size());
    at_ += value.size();
  }
  void id(Field field, const Uuid& value) {
    if (value != Uuid{})
      bytes(field, {reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size()});
  }

 private:
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) *at_++ = static_cast<char>(value | 0x80);
    *at_++ = static_cast<char>(value);
  }

  char* at_;
};

char* write_fields(char* into, WalletNo wallet, const Event& event) {
  FieldWriter writer(into);
  writer.number(kWalletNo, std::to_underlying(wallet));
  writer.number(kType, std::to_underlying(event.type));
  writer.number(kAtMicros, static_cast<uint64_t>(event.at.micros));
  writer.number(kCurrency, std::to_underlying(event.currency));
  writer.number(kAmount, static_cast<uint64_t>(event.amount));
  writer.signed_number(kBalanceAfter, event.balance_after);
  writer.number(kHeldAfter, static_cast<uint64_t>(event.held_after));
  writer.number(kDay, static_cast<uint64_t>(event.day));
  writer.number(kDaySpentAfter, static_cast<uint64_t>(event.day_spent_after));
  writer.id(kSagaId, event.saga.uuid);
  writer.id(kHoldId, event.hold.uuid);
  writer.bytes(kCounterparty, event.counterparty);
  writer.bytes(kRequestId, event.request_id);
  writer.bytes(kReason, event.reason);
  writer.bytes(kWalletId, event.wallet_id);
  writer.number(kHoldAmount, static_cast<uint64_t>(event.hold_amount));
  writer.number(kLimitKind, std::to_underlying(event.limit_kind));
  if (event.limit) writer.present(kLimit, static_cast<uint64_t>(*event.limit));
  if (event.expires_at) writer.present(kExpiresAtMicros, static_cast<uint64_t>(event.expires_at->micros));
  return writer.at();
}

// Puts a number into its place; false if it is not one that may stand there.
bool set_number(StoredEventView& view, uint32_t field, uint64_t value) {
  Event& event = view.event;
  const auto amount = static_cast<int64_t>(value);
  switch (field) {
    case kWalletNo:
      view.wallet = WalletNo{value};
      return true;
    case kType:
      event.type = static_cast<EventType>(value);
      return value >= 1 && value <= std::to_underlying(kLastEventType);
    case kAtMicros:
      event.at.micros = amount;
      return true;
    case kCurrency:
      event.currency = static_cast<Currency>(value);
      return value <= std::numeric_limits<uint16_t>::max() && is_currency(static_cast<uint32_t>(value));
    case kAmount:
      event.amount = amount;
      return amount >= 0;
    case kBalanceAfter:
      event.balance_after = static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
      return true;
    case kHeldAfter:
      event.held_after = amount;
      return amount >= 0;
    case kDay:
      event.day = static_cast<int32_t>(value);
      return value <= std::numeric_limits<int32_t>::max();
    case kDaySpentAfter:
      event.day_spent_after = amount;
      return amount >= 0;
    case kHoldAmount:
      event.hold_amount = amount;
      return amount >= 0;
    case kLimitKind:
      event.limit_kind = static_cast<LimitKind>(value);
      return value <= std::to_underlying(LimitKind::kCredit);
    case kLimit:
      event.limit = amount;
      return amount >= 0;
    case kExpiresAtMicros:
      event.expires_at = Timestamp{amount};
      return true;
    default:
      return field > kExpiresAtMicros;  // of a newer version; a known one is not a number
  }
}

bool set_id(Uuid& id, std::string_view value) {
  if (value.size() != id.bytes.size()) return false;
  std::memcpy(id.bytes.data(), value.data(), value.size());
  return true;
}

// The same for bytes.
bool set_bytes(Event& event, uint32_t field, std::string_view value) {
  switch (field) {
    case kSagaId:
      return set_id(event.saga.uuid, value);
    case kHoldId:
      return set_id(event.hold.uuid, value);
    case kCounterparty:
      event.counterparty = value;
      return true;
    case kRequestId:
      event.request_id = value;
      return true;
    case kReason:
      event.reason = value;
      return true;
    case kWalletId:
      event.wallet_id = value;
      return true;
    default:
      return field > kExpiresAtMicros;
  }
}

// Reads one field. False if it is malformed.
bool read_field(ByteReader& reader, StoredEventView& view) {
  const uint64_t tag = reader.varint();
  if (tag >> 3 == 0 || tag > std::numeric_limits<uint32_t>::max()) return false;
  const auto field = static_cast<uint32_t>(tag >> 3);
  uint32_t ignored = 0;
  switch (tag & 7) {
    case kVarint:
      return set_number(view, field, reader.varint());
    case kBytes:
      return set_bytes(view.event, field, reader.text());
    case kFixed64:
      reader.fixed64();
      return field > kExpiresAtMicros;
    case kFixed32:
      reader.raw(&ignored, sizeof(ignored));
      return field > kExpiresAtMicros;
    default:
      return false;
  }
}

}  // namespace

void encode(std::string& out, WalletNo wallet, const Event& event) {
  const size_t texts =
      event.counterparty.size() + event.request_id.size() + event.reason.size() + event.wallet_id.size();
  const size_t before = out.size();
  out.resize_and_overwrite(before + kMaxWithoutTexts + texts, [&](char* data, size_t) {
    return static_cast<size_t>(write_fields(data + before, wallet, event) - data);
  });
}

Result<StoredEventView> decode_view(std::string_view bytes) {
  Result<StoredEventView> result(std::in_place);
  StoredEventView& view = *result;
  view.event.type = EventType{0};
  ByteReader reader(bytes);
  while (!reader.done()) {
    const bool well_formed = read_field(reader, view);
    if (!reader.ok()) return fail(Errc::kCorrupt, "a stored wallet event is cut off");
    if (!well_formed) return fail(Errc::kCorrupt, "a stored wallet event has a malformed or unknown value");
  }
  if (view.event.type == EventType{0} || view.event.currency == Currency::kNone) {
    return fail(Errc::kCorrupt, "a stored wallet event has no type or no currency");
  }
  return result;
}

Result<StoredWalletEvent> decode(std::string_view bytes) {
  StoredWalletEvent owned;
  owned.bytes_.assign(bytes.begin(), bytes.end());
  DUCAT_ASSIGN(owned.view_, decode_view({owned.bytes_.data(), owned.bytes_.size()}));
  return owned;
}

}  // namespace ducat::wallet
