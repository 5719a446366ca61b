// See event_codec.h; the wire format is protobuf's (https://protobuf.dev/programming-guides/encoding).
#include "services/audit/store/event_codec.h"

#include "base/bytes.h"
#include "services/audit/domain/canonical.h"

namespace ducat::audit {
namespace {

// Field numbers of ducat.audit.v1.StoredEvent.
enum Field : uint32_t {
  kType = 1,
  kReply = 2,
  kProposed = 3,
  kRecord = 4,
  kCorrelationId = 5,
  kSequence = 6,
  kCreatedAtMillis = 7,
  kError = 8,
  kRolledBackBy = 9,
  kTraceParent = 10,
};

enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// Defaults are left out, as proto3 wants it.
void put(ByteWriter& writer, Field field, uint64_t value) {
  if (value == 0) return;
  writer.varint(field << 3 | kVarint);
  writer.varint(value);
}
void put(ByteWriter& writer, Field field, std::string_view value) {
  if (value.empty()) return;
  writer.varint(field << 3 | kBytes);
  writer.text(value);
}

// A field of either kind.
struct Value {
  uint64_t number = 0;
  std::string_view bytes;
};

Value read_value(ByteReader& reader, uint64_t wire_type) {
  Value value;
  switch (wire_type) {
    case kVarint:
      value.number = reader.varint();
      break;
    case kBytes:
      value.bytes = reader.text();
      break;
    case kFixed64:
      value.number = reader.fixed64();
      break;
    case kFixed32: {
      uint32_t skipped = 0;
      reader.raw(&skipped, sizeof(skipped));
      break;
    }
    default:
      reader.raw(&value, SIZE_MAX);  // makes the reader fail
  }
  return value;
}

}  // namespace

void encode(std::string& out, const Event& event, std::string_view canonical) {
  ByteWriter writer(out);
  put(writer, kType, static_cast<uint64_t>(event.type));
  put(writer, kReply, static_cast<uint64_t>(event.reply));
  put(writer, kProposed, uint64_t{event.proposed});
  put(writer, kRecord, canonical);
  put(writer, kCorrelationId, event.correlation_id);
  put(writer, kSequence, event.sequence);
  put(writer, kCreatedAtMillis, static_cast<uint64_t>(event.created_at.millis()));
  put(writer, kError, event.error);
  put(writer, kRolledBackBy, event.rolled_back_by);
  put(writer, kTraceParent, event.traceparent);
}

Result<StoredEventView> decode_view(std::string_view bytes) {
  auto damaged = [] { return fail(Errc::kCorrupt, "an audit event cannot be read"); };
  StoredEventView stored;
  Event& event = stored.event;
  uint64_t type = 0, reply = 0;
  ByteReader reader(bytes);
  while (!reader.done()) {
    uint64_t tag = reader.varint();
    Value value = read_value(reader, tag & 7);
    switch (tag >> 3) {
      case kType:
        type = value.number;
        break;
      case kReply:
        reply = value.number;
        break;
      case kProposed:
        event.proposed = value.number != 0;
        break;
      case kRecord:
        stored.canonical = value.bytes;
        break;
      case kCorrelationId:
        event.correlation_id = value.bytes;
        break;
      case kSequence:
        event.sequence = value.number;
        break;
      case kCreatedAtMillis:
        event.created_at = {static_cast<int64_t>(value.number * 1000)};
        break;
      case kError:
        event.error = value.bytes;
        break;
      case kRolledBackBy:
        event.rolled_back_by = value.number;
        break;
      case kTraceParent:
        event.traceparent = value.bytes;
        break;
      default:
        break;
    }
  }
  if (!reader.complete() || type < 1 || type > 2 || reply > 2) return damaged();
  event.type = static_cast<EventType>(type);
  event.reply = static_cast<Reply>(reply);
  if (event.type == EventType::kRecordAppended) {
    DUCAT_ASSIGN(event.record, read_canonical(stored.canonical));
  }
  return stored;
}

}  // namespace ducat::audit
