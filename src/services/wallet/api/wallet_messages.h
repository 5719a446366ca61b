// The wallet's events as messages for others: stream wallet_events (contracts, "Events out"). A journal event
// makes one message of its own type; the sender's side of a transfer makes those of the transfer as well.
#pragma once

#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernel/messaging/journal_source.h"
#include "platform/broker/broker.h"
#include "services/wallet/domain/events.h"

namespace ducat::wallet {

// The stream as it is declared.
broker::StreamSpec wallet_stream();

// Thread-safe. The tables outlive it. Journal events name wallets by number; the ids come from the tables,
// which may be a moment behind (kUnavailable: try again).
class WalletMessages {
 public:
  WalletMessages(uint32_t shard, storage::Database& tables) : shard_(shard), tables_(tables) {}
  // kernel::MessagesOf.
  Status messages_of(const kernel::JournalEvent& journal_event, std::vector<broker::Message>& out);

 private:
  Result<std::string> wallet_id(uint64_t no);
  // `place` among the messages of its event.
  broker::Message message(std::string_view type, std::string_view wallet_id, const Event& event,
                          const kernel::JournalEvent& journal_event, std::string_view data,
                          uint64_t place) const;

  const uint32_t shard_;
  storage::Database& tables_;
  std::mutex mutex_;
  std::unique_ptr<storage::Connection> connection_;
  std::unordered_map<uint64_t, std::string> ids_;
};

}  // namespace ducat::wallet
