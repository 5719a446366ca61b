// Encoding and decoding of journal records; the format stands in record.h.
#include "kernel/journal/record.h"

#include "base/hash.h"

namespace ducat::kernel {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kUsualBody = 4 << 10;  // bytes; ten commands or so

enum Tag : uint8_t { kEvent = 1, kKey = 2, kJob = 3, kLeaf = 4 };

Status corrupt(const Record& record, const char* what) {
  return fail(Errc::kCorrupt, "journal record " + std::to_string(record.number) + ": " + what);
}

}  // namespace

uint64_t checksum_of(const Record& record, uint64_t previous_checksum) {
  const uint64_t header[] = {record.number,
                             record.first_position,
                             record.events,
                             record.epoch,
                             static_cast<uint64_t>(record.at.micros),
                             previous_checksum};
  uint64_t seed = hash64({reinterpret_cast<const char*>(header), sizeof(header)});
  return hash64(record.body, seed);
}

void RecordBuilder::start(RecordNumber number, Position first_position, uint64_t epoch, Timestamp at) {
  record_ = Record{number, first_position, 0, epoch, at, {}, 0};
  record_.body.reserve(kUsualBody);
  record_.body.push_back(static_cast<char>(kVersion));
}

void RecordBuilder::event(uint64_t stream, std::string_view body) {
  ByteWriter out(record_.body);
  out.u8(kEvent);
  out.varint(stream);
  out.text(body);
  ++record_.events;
}

void RecordBuilder::key(std::string_view key, uint64_t fingerprint, std::string_view answer) {
  ByteWriter out(record_.body);
  out.u8(kKey);
  out.text(key);
  out.fixed64(fingerprint);
  out.text(answer);
}

void RecordBuilder::job(std::string_view job) {
  ByteWriter out(record_.body);
  out.u8(kJob);
  out.text(job);
}

void RecordBuilder::leaf(std::string_view leaf) {
  ByteWriter out(record_.body);
  out.u8(kLeaf);
  out.text(leaf);
}

void RecordBuilder::rewind(Mark mark) {
  record_.body.resize(mark.size);
  record_.events = mark.events;
}

Status visit(const Record& record, RecordVisitor& visitor) {
  ByteReader in(record.body);
  if (in.u8() != kVersion) return corrupt(record, "unknown version");
  Position position = record.first_position;
  while (!in.done()) {
    switch (in.u8()) {
      case kEvent: {
        uint64_t stream = in.varint();
        std::string_view body = in.text();
        if (in.ok()) visitor.on_event(position++, stream, body);
        break;
      }
      case kKey: {
        std::string_view key = in.text();
        uint64_t fingerprint = in.fixed64();
        std::string_view answer = in.text();
        if (in.ok()) visitor.on_key(key, fingerprint, answer);
        break;
      }
      case kJob: {
        std::string_view job = in.text();
        if (in.ok()) visitor.on_job(job);
        break;
      }
      case kLeaf: {
        std::string_view leaf = in.text();
        if (in.ok()) visitor.on_leaf(leaf);
        break;
      }
      default:
        return corrupt(record, "unknown entry");
    }
  }
  if (!in.ok()) return corrupt(record, "cut short");
  if (position != record.end_position()) return corrupt(record, "its count of events is wrong");
  return {};
}

}  // namespace ducat::kernel
