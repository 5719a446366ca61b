// A journal as a source of messages: what a service publishes is decoded from its events, so there is no
// outbox beside the journal to keep in step.
//
// A message's number is its record's number shifted left by 20 bits, plus its place among the record's
// messages.
#pragma once

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/journal/journal_feed.h"
#include "platform/broker/broker.h"

namespace ducat::kernel {

// An event as the decoder sees it; views live during the call.
struct JournalEvent {
  Position position = 0;
  uint64_t stream = 0;
  std::string_view body;
  Timestamp at;
  std::span<const std::string> types;  // the messages somebody wants now; none: all
  bool wants(std::string_view type) const {
    return types.empty() || std::find(types.begin(), types.end(), type) != types.end();
  }
};

// Adds the messages (none, one or several) that an event makes, always the same for the same event, ids
// included. Of one that nobody wants an empty one is enough, which keeps its place. Thread-safe. kCorrupt
// stops the publishing there: nothing is skipped in silence.
using MessagesOf = std::function<Status(const JournalEvent& event, std::vector<broker::Message>& out)>;

// Thread-safe as broker::Source asks. The feed and the tables outlive it.
class JournalSource final : public broker::Source {
 public:
  // `reader` names the position in the tables' database; one for each stream. `makes`: all the types there
  // ever are, so that nobody who wants none of them has the journal read for it; empty: not told.
  JournalSource(JournalFeed& feed, storage::Database& tables, std::string reader, MessagesOf messages_of,
                std::vector<std::string> makes = {});

  Result<Chunk> read(uint64_t after, size_t limit, std::span<const std::string> types) override;
  uint64_t listen(std::function<void()> wake) override { return feed_.listen(std::move(wake)); }
  void unlisten(uint64_t listener) override { feed_.unlisten(listener); }
  Result<uint64_t> published() override;
  Status set_published(uint64_t number) override;
  uint64_t term() const override { return feed_.term(); }

 private:
  Result<storage::Connection*> connection();

  JournalFeed& feed_;
  storage::Database& tables_;
  const std::string reader_;
  const MessagesOf messages_of_;
  const std::vector<std::string> makes_;
  std::mutex mutex_;  // the connection
  std::unique_ptr<storage::Connection> connection_;
};

}  // namespace ducat::kernel
