// See journal_source.h.
#include "kernel/messaging/journal_source.h"

#include "kernel/projection/reader_position.h"

namespace ducat::kernel {
namespace {

constexpr int kPlaceBits = 20;
constexpr uint64_t kPlaces = uint64_t{1} << kPlaceBits;
constexpr uint64_t end_of(RecordNumber record) {
  return record << kPlaceBits | (kPlaces - 1);
}
// Read from the journal at once; a record is larger than that only if a single batch was.
constexpr size_t kReadBytes = size_t{256} << 10;

class Decoder final : public RecordVisitor {
 public:
  Decoder(const MessagesOf& messages_of, Timestamp at, std::span<const std::string> types,
          std::vector<broker::Message>& out)
      : messages_of_(messages_of), at_(at), types_(types), out_(out) {}
  void on_event(Position position, uint64_t stream, std::string_view body) override {
    if (status) status = messages_of_({position, stream, body, at_, types_}, out_);
  }
  Status status;

 private:
  const MessagesOf& messages_of_;
  Timestamp at_;
  std::span<const std::string> types_;
  std::vector<broker::Message>& out_;
};

}  // namespace

JournalSource::JournalSource(JournalFeed& feed, storage::Database& tables, std::string reader,
                             MessagesOf messages_of, std::vector<std::string> makes)
    : feed_(feed),
      tables_(tables),
      reader_(std::move(reader)),
      messages_of_(std::move(messages_of)),
      makes_(std::move(makes)) {}

Result<broker::Source::Chunk> JournalSource::read(uint64_t after, size_t limit,
                                                  std::span<const std::string> types) {
  Chunk chunk;
  chunk.reached = after;
  if (!makes_.empty() && !types.empty() &&
      std::find_first_of(makes_.begin(), makes_.end(), types.begin(), types.end()) == makes_.end()) {
    if (RecordNumber end = feed_.end(); end != 0) chunk.reached = std::max(after, end_of(end));
    return chunk;
  }
  std::vector<broker::Message> messages;
  while (chunk.messages.size() < limit) {
    // `reached` within a record is given as its last message's number; a whole record as all places of it.
    RecordNumber record_before = chunk.reached >> kPlaceBits;
    bool within = (chunk.reached & (kPlaces - 1)) != kPlaces - 1 && chunk.reached != 0;
    if (within) --record_before;
    DUCAT_ASSIGN(auto records, feed_.read(record_before, kReadBytes));
    if (records.empty()) break;
    for (const auto& record : records) {
      messages.clear();
      Decoder decoder(messages_of_, record->at, types, messages);
      DUCAT_TRY(visit(*record, decoder));
      DUCAT_TRY(std::move(decoder.status));
      if (messages.size() >= kPlaces - 1) return fail(Errc::kCorrupt, "a record makes too many messages");
      for (size_t i = 0; i < messages.size(); ++i) {
        uint64_t number = (record->number << kPlaceBits) | i;
        if (number > chunk.reached && !messages[i].id.empty())
          chunk.messages.push_back({number, std::move(messages[i])});
      }
      chunk.reached = end_of(record->number);
      if (chunk.messages.size() >= limit) break;
    }
  }
  return chunk;
}

Result<storage::Connection*> JournalSource::connection() {
  if (!connection_) {
    DUCAT_ASSIGN(connection_, tables_.connect(storage::Access::kWriter));
  }
  return connection_.get();
}

Result<uint64_t> JournalSource::published() {
  std::lock_guard lock(mutex_);
  DUCAT_ASSIGN(storage::Connection * connection, this->connection());
  DUCAT_ASSIGN(RecordNumber record, reader_position(*connection, reader_));
  return record == 0 ? 0 : end_of(record);
}

Status JournalSource::set_published(uint64_t number) {
  RecordNumber record = number >> kPlaceBits;
  if ((number & (kPlaces - 1)) != kPlaces - 1) --record;  // the rest of it is sent again after a crash
  if (record == 0) return {};
  std::lock_guard lock(mutex_);
  DUCAT_ASSIGN(storage::Connection * connection, this->connection());
  DUCAT_ASSIGN(RecordNumber before, reader_position(*connection, reader_));
  if (before >= record) return {};
  return move_reader(*connection, reader_, record);
}

}  // namespace ducat::kernel
