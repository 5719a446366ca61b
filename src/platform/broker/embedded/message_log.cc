// See message_log.h.
#include "platform/broker/embedded/message_log.h"

#include <algorithm>

#include "base/check.h"
#include "generated/broker_migrations.h"

namespace ducat::broker {
namespace {

using storage::Column;
using storage::ColumnType;

constexpr size_t kBlockMessages = 1024;
constexpr size_t kBlockBytes = size_t{1} << 20;   // more only if a single message is
constexpr size_t kRecentBytes = size_t{4} << 20;  // of each stream, in memory
constexpr size_t kBlocksRead = 16;                // at once
constexpr int64_t kBlocksDeleted = 1000;          // at once

constexpr Column kBlockColumns[] = {{"stream", ColumnType::kText},
                                    {"last_number", ColumnType::kInt64},
                                    {"written_at", ColumnType::kInt64},
                                    {"bytes", ColumnType::kInt64},
                                    {"messages", ColumnType::kBlob}};
constexpr storage::BulkTable kBlocks{"broker_blocks", kBlockColumns, 2, storage::OnConflict::kFail};
constexpr Column kPositionColumns[] = {{"stream", ColumnType::kText},
                                       {"reader", ColumnType::kText},
                                       {"input", ColumnType::kInt64},
                                       {"number", ColumnType::kInt64}};
constexpr storage::BulkTable kPositions{"broker_positions", kPositionColumns, 3,
                                        storage::OnConflict::kReplace};

constexpr std::string_view kLoadStreams =
    "SELECT name, retention, max_bytes, next_number, "
    "(SELECT coalesce(max(last_number), 0) FROM broker_blocks WHERE stream = name) FROM broker_streams";
constexpr std::string_view kDeclare =
    "INSERT INTO broker_streams (name, retention, max_bytes, next_number) VALUES ($1, $2, $3, 1) "
    "ON CONFLICT (name) DO UPDATE SET retention = excluded.retention, max_bytes = excluded.max_bytes";
constexpr std::string_view kRead =
    "SELECT messages FROM broker_blocks WHERE stream = $1 AND last_number > $2 ORDER BY last_number LIMIT $3";
constexpr std::string_view kOldest =
    "SELECT last_number, written_at, bytes FROM broker_blocks WHERE stream = $1 ORDER BY last_number LIMIT "
    "$2";
constexpr std::string_view kStoredBytes =
    "SELECT CAST(coalesce(sum(bytes), 0) AS bigint) FROM broker_blocks WHERE stream = $1";
constexpr std::string_view kDelete = "DELETE FROM broker_blocks WHERE stream = $1 AND last_number <= $2";
constexpr std::string_view kKeepNumber =
    "UPDATE broker_streams SET next_number = $1 WHERE name = $2 AND next_number < $1";

size_t size_of(const Message& message) {
  return message.type.size() + message.key.size() + message.id.size() + message.body.size();
}

}  // namespace

Status MessageLog::open() {
  std::lock_guard writing(writing_);
  DUCAT_ASSIGN(writer_, database_.connect(storage::Access::kWriter));
  DUCAT_TRY(storage::migrate(*writer_, "broker", storage::broker_migrations()));
  DUCAT_ASSIGN(reader_, database_.connect(storage::Access::kReader));
  return load_streams();
}

Status MessageLog::load_streams() {
  std::lock_guard lock(mutex_);
  DUCAT_TRY(writer_->query(kLoadStreams, {}, [&](const storage::Row& row) {
    Stream& stream = streams_[std::string(row.text(0))];
    stream.retention = Duration{row.int64(1)};
    stream.max_bytes = row.int64(2);
    stream.next_number = static_cast<uint64_t>(std::max(row.int64(3), row.int64(4) + 1));
    stream.recent.clear();
    stream.recent_bytes = 0;
  }));
  numbers_known_ = true;
  return {};
}

Status MessageLog::declare(const StreamSpec& spec) {
  std::lock_guard writing(writing_);
  DUCAT_TRY(writer_->execute(kDeclare, {spec.name, spec.retention.micros, spec.max_bytes}));
  std::lock_guard lock(mutex_);
  Stream& stream = streams_[spec.name];
  stream.retention = spec.retention;
  stream.max_bytes = spec.max_bytes;
  return {};
}

bool MessageLog::has(const std::string& stream) const {
  std::lock_guard lock(mutex_);
  return streams_.contains(stream);
}

std::vector<std::string> MessageLog::streams() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, stream] : streams_) names.push_back(name);
  return names;
}

MessageLog::Blocks MessageLog::make_blocks(std::span<const Message> messages) {
  std::lock_guard lock(mutex_);
  Blocks blocks;
  std::map<std::string_view, MessageBlock*> open;
  std::map<std::string_view, uint64_t> next;
  for (const Message& message : messages) {
    auto [number, first_seen] = next.try_emplace(message.stream, 0);
    if (first_seen) number->second = streams_.at(message.stream).next_number;
    MessageBlock*& block = open[message.stream];
    bool full = block != nullptr &&
                (block->messages.size() == kBlockMessages || block->bytes + size_of(message) > kBlockBytes);
    if (block == nullptr || full) {
      blocks.push_back(std::make_shared<MessageBlock>(MessageBlock{.first = number->second, .messages = {}}));
      block = blocks.back().get();
    }
    block->bytes += size_of(message);
    block->messages.push_back(message);
    ++number->second;
  }
  return blocks;
}

Status MessageLog::write_blocks(const Blocks& blocks, Timestamp now) {
  storage::ColumnBatch batch(kBlockColumns);
  std::vector<std::string> encoded;
  encoded.reserve(blocks.size());
  for (const auto& block : blocks) {
    const std::string& bytes = encoded.emplace_back(encode_block(*block));
    block->bytes = bytes.size();
    written_ += bytes.size();
    batch.add(std::string_view(block->messages.front().stream));
    batch.add(static_cast<int64_t>(block->last()));
    batch.add(now.micros);
    batch.add(static_cast<int64_t>(bytes.size()));
    batch.add(std::string_view(bytes));
  }
  return writer_->write(kBlocks, batch);
}

Status MessageLog::append(std::span<const Message> messages, Timestamp now) {
  std::lock_guard writing(writing_);
  if (!numbers_known_) DUCAT_TRY(load_streams());
  Blocks blocks = make_blocks(messages);
  if (Status written = write_blocks(blocks, now); !written) {
    numbers_known_ = false;
    return written;
  }
  remember(blocks);
  return {};
}

void MessageLog::remember(const Blocks& blocks) {
  std::lock_guard lock(mutex_);
  for (const auto& block : blocks) {
    Stream& stream = streams_.at(block->messages.front().stream);
    stream.next_number = block->last() + 1;
    stream.recent_bytes += block->bytes;
    stream.recent.push_back(block);
    while (stream.recent_bytes > kRecentBytes && stream.recent.size() > 1) {
      stream.recent_bytes -= stream.recent.front()->bytes;
      stream.recent.pop_front();
    }
  }
}

Result<Source::Chunk> MessageLog::read(const std::string& name, uint64_t after, size_t limit) {
  std::vector<std::shared_ptr<const MessageBlock>> found;
  {
    std::lock_guard lock(mutex_);
    const Stream& stream = streams_.at(name);
    if (after + 1 >= stream.next_number) return Source::Chunk{.messages = {}, .reached = after};
    if (!stream.recent.empty() && stream.recent.front()->first <= after + 1) {
      size_t messages = 0;
      auto at = std::partition_point(stream.recent.begin(), stream.recent.end(),
                                     [&](const auto& block) { return block->last() <= after; });
      for (; at != stream.recent.end() && messages < limit; ++at) {
        messages += std::min<uint64_t>((*at)->messages.size(), (*at)->last() - after);
        found.push_back(*at);
      }
    }
  }
  if (found.empty()) return read_database(name, after, limit);
  Source::Chunk chunk{.messages = {}, .reached = after};
  for (const auto& block : found) {
    for (size_t i = after < block->first ? 0 : after + 1 - block->first;
         i < block->messages.size() && chunk.messages.size() < limit; ++i) {
      chunk.reached = block->first + i;
      chunk.messages.push_back({chunk.reached, block->messages[i]});
    }
  }
  return chunk;
}

Result<Source::Chunk> MessageLog::read_database(const std::string& stream, uint64_t after, size_t limit) {
  std::lock_guard lock(reading_);
  Source::Chunk chunk{.messages = {}, .reached = after};
  Status sound;
  DUCAT_TRY(reader_->query(
      kRead, {stream, static_cast<int64_t>(after), static_cast<int64_t>(std::min(limit, kBlocksRead))},
      [&](const storage::Row& row) {
        if (!sound || chunk.messages.size() >= limit) return;
        Result<MessageBlock> block = decode_block(stream, row.blob(0));
        if (!block) {
          sound = propagate(block);
          return;
        }
        for (size_t i = 0; i < block->messages.size(); ++i) {
          if (block->first + i <= after || chunk.messages.size() >= limit) continue;
          chunk.reached = block->first + i;
          chunk.messages.push_back({chunk.reached, std::move(block->messages[i])});
        }
      }));
  DUCAT_TRY(std::move(sound));
  return chunk;
}

Result<std::map<uint64_t, uint64_t>> MessageLog::positions(const std::string& stream,
                                                           const std::string& group) {
  std::lock_guard writing(writing_);
  std::map<uint64_t, uint64_t> found;
  DUCAT_TRY(writer_->query("SELECT input, number FROM broker_positions WHERE stream = $1 AND reader = $2",
                           {stream, group}, [&](const storage::Row& row) {
                             found[static_cast<uint64_t>(row.int64(0))] = static_cast<uint64_t>(row.int64(1));
                           }));
  return found;
}

Status MessageLog::save(std::span<const GroupPosition> positions) {
  storage::ColumnBatch batch(kPositionColumns);
  for (const GroupPosition& position : positions) {
    batch.add(std::string_view(position.stream));
    batch.add(std::string_view(position.group));
    batch.add(static_cast<int64_t>(position.input));
    batch.add(static_cast<int64_t>(position.number));
  }
  std::lock_guard writing(writing_);
  constexpr uint64_t kPage = 4096;  // a row rewrites about a page
  written_ += kPage * positions.size();
  return writer_->write(kPositions, batch);
}

Status MessageLog::apply_retention(Timestamp now) {
  std::lock_guard writing(writing_);
  std::map<std::string, Stream> limits;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [name, stream] : streams_)
      limits[name] = {stream.retention, stream.max_bytes, stream.next_number, {}, 0};
  }
  for (const auto& [name, stream] : limits) DUCAT_TRY(delete_old(name, stream, now));
  return {};
}

Status MessageLog::delete_old(const std::string& name, const Stream& stream, Timestamp now) {
  int64_t stored = 0;
  DUCAT_TRY(writer_->query(kStoredBytes, {name}, [&](const storage::Row& row) { stored = row.int64(0); }));
  int64_t last = 0;
  bool enough = false;
  DUCAT_TRY(writer_->query(kOldest, {name, kBlocksDeleted}, [&](const storage::Row& row) {
    bool too_old = now - Timestamp{row.int64(1)} > stream.retention;
    enough = enough || (!too_old && (stream.max_bytes <= 0 || stored <= stream.max_bytes));
    if (enough) return;
    last = row.int64(0);
    stored -= row.int64(2);
  }));
  if (last == 0) return {};
  auto next = static_cast<int64_t>(stream.next_number);
  DUCAT_ASSIGN(auto transaction, storage::Transaction::begin(*writer_));
  DUCAT_TRY(writer_->execute(kKeepNumber, {next, name}));
  DUCAT_TRY(writer_->execute(kDelete, {name, last}));
  DUCAT_TRY(transaction.commit());
  std::lock_guard lock(mutex_);
  Stream& kept = streams_.at(name);
  while (!kept.recent.empty() && kept.recent.front()->last() <= static_cast<uint64_t>(last)) {
    kept.recent_bytes -= kept.recent.front()->bytes;
    kept.recent.pop_front();
  }
  return {};
}

uint64_t MessageLog::take_written() {
  std::lock_guard writing(writing_);
  return std::exchange(written_, 0);
}

}  // namespace ducat::broker
