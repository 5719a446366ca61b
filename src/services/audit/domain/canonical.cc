// See canonical.h.
#include "services/audit/domain/canonical.h"

#include "base/bytes.h"

namespace ducat::audit {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint32_t kAbsent = 0xFFFFFFFF;
constexpr size_t kFixedSize = 1 + 8 + 8 + 16 + 32 + 1 + 1;

constexpr Text Entry::*kTexts[] = {&Entry::entity_type, &Entry::entity_id,      &Entry::user_id,
                                   &Entry::metadata,    &Entry::changes,        &Entry::ip_address,
                                   &Entry::user_agent,  &Entry::correlation_id, &Entry::service_name};

}  // namespace

void append_canonical(std::string& out, const Record& record) {
  size_t size = kFixedSize;
  for (Text Entry::*text : kTexts) size += 4 + (record.entry.*text ? (record.entry.*text)->size() : 0);
  out.reserve(out.size() + size);
  ByteWriter writer(out);
  writer.u8(kVersion);
  writer.fixed64(record.sequence);
  writer.fixed64(static_cast<uint64_t>(record.created_at.millis()));
  Uuid id = record_id(record.sequence, record.created_at);
  writer.raw(id.bytes.data(), id.bytes.size());
  writer.raw(record.previous.data(), record.previous.size());
  writer.u8(static_cast<uint8_t>(record.entry.action));
  writer.u8(static_cast<uint8_t>(record.entry.status));
  for (Text Entry::*member : kTexts) {
    const Text& text = record.entry.*member;
    uint32_t length = text ? static_cast<uint32_t>(text->size()) : kAbsent;
    writer.raw(&length, sizeof(length));
    if (text) writer.raw(text->data(), text->size());
  }
}

Result<Record> read_canonical(std::string_view bytes) {
  auto damaged = [](const char* what) {
    return fail(Errc::kCorrupt, std::string("an audit record is damaged: ") + what);
  };
  ByteReader reader(bytes);
  if (reader.u8() != kVersion) return damaged("unknown version");
  Record record;
  record.sequence = reader.fixed64();
  uint64_t millis = reader.fixed64();
  if (millis > INT64_MAX / 1000) return damaged("its time");
  record.created_at = {static_cast<int64_t>(millis) * 1000};
  Uuid id;
  reader.raw(id.bytes.data(), id.bytes.size());
  reader.raw(record.previous.data(), record.previous.size());
  auto action = action_of(reader.u8());
  auto status = status_of(reader.u8());
  if (!reader.ok() || !action || !status) return damaged("its action or status");
  record.entry.action = *action;
  record.entry.status = *status;
  size_t at = kFixedSize;
  for (Text Entry::*member : kTexts) {
    uint32_t length = 0;
    if (bytes.size() - at < sizeof(length)) return damaged("cut short");
    std::memcpy(&length, bytes.data() + at, sizeof(length));
    at += sizeof(length);
    if (length == kAbsent) continue;
    if (bytes.size() - at < length) return damaged("cut short");
    record.entry.*member = bytes.substr(at, length);
    at += length;
  }
  if (at != bytes.size()) return damaged("more bytes than a record has");
  if (id != record_id(record.sequence, record.created_at)) return damaged("its id");
  return record;
}

}  // namespace ducat::audit
