// The in-process broker's own log: what is published without a journal behind it, in a database, and the
// positions of the groups. Many publishes share a commit.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "platform/broker/embedded/message_block.h"
#include "platform/storage/database.h"

namespace ducat::broker {

// A group's place in one input of a stream.
struct GroupPosition {
  std::string stream;
  std::string group;
  uint64_t input = 0;
  uint64_t number = 0;
};

// Thread-safe; calls block on disk. The database outlives it. After a commit whose outcome is unknown the
// numbering is read again before the next.
class MessageLog {
 public:
  explicit MessageLog(storage::Database& database) : database_(database) {}

  Status open();
  Status declare(const StreamSpec& spec);
  bool has(const std::string& stream) const;
  std::vector<std::string> streams() const;

  // All of them, in their order, in one commit; numbered without gaps from 1 in each (declared) stream.
  Status append(std::span<const Message> messages, Timestamp now);

  // As Source::read.
  Result<Source::Chunk> read(const std::string& stream, uint64_t after, size_t limit);

  Result<std::map<uint64_t, uint64_t>> positions(const std::string& stream, const std::string& group);
  Status save(std::span<const GroupPosition> positions);

  // Deletes what is older or more than each stream keeps.
  Status apply_retention(Timestamp now);
  // Bytes written since the last call, for who moves them out of SQLite's log.
  uint64_t take_written();

 private:
  struct Stream {
    Duration retention;
    int64_t max_bytes = 0;
    uint64_t next_number = 1;
    std::deque<std::shared_ptr<const MessageBlock>> recent;  // the newest, without a gap
    size_t recent_bytes = 0;
  };
  using Blocks = std::vector<std::shared_ptr<MessageBlock>>;

  Status load_streams();
  Blocks make_blocks(std::span<const Message> messages);
  Status write_blocks(const Blocks& blocks, Timestamp now);
  void remember(const Blocks& blocks);
  Result<Source::Chunk> read_database(const std::string& stream, uint64_t after, size_t limit);
  Status delete_old(const std::string& name, const Stream& stream, Timestamp now);

  storage::Database& database_;
  std::mutex writing_;  // taken before mutex_
  std::unique_ptr<storage::Connection> writer_;
  bool numbers_known_ = false;
  uint64_t written_ = 0;
  std::mutex reading_;
  std::unique_ptr<storage::Connection> reader_;
  mutable std::mutex mutex_;
  std::map<std::string, Stream> streams_;
};

// One stream of the log, as groups read it. What is published wakes them through the broker.
class LogSource final : public Source {
 public:
  LogSource(MessageLog& log, std::string stream) : log_(log), stream_(std::move(stream)) {}
  Result<Chunk> read(uint64_t after, size_t limit, std::span<const std::string>) override {
    return log_.read(stream_, after, limit);
  }
  uint64_t listen(std::function<void()>) override { return 0; }
  void unlisten(uint64_t) override {}
  Result<uint64_t> published() override { return 0; }
  Status set_published(uint64_t) override { return {}; }

 private:
  MessageLog& log_;
  const std::string stream_;
};

}  // namespace ducat::broker
