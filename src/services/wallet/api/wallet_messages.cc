// See wallet_messages.h.
#include "services/wallet/api/wallet_messages.h"

#include <array>
#include <utility>

#include "platform/broker/cloud_event.h"
#include "platform/rpc/json_text.h"
#include "services/wallet/api/mapping.h"
#include "services/wallet/store/event_codec.h"

namespace ducat::wallet {
namespace {

constexpr std::string_view kStream = "wallet_events";
// Ids of wallets that are remembered; beyond that all are forgotten and asked for again.
constexpr size_t kMostIds = 200'000;
// A message's id tells shard, position and which of the position's messages it is: the same whenever it is
// made.
constexpr int kShardShift = 56;
constexpr int kPlaceBits = 2;

// "wallet.funds_deposited", as the contracts name messages.
std::string message_type(std::string_view event_type) {
  std::string type = "wallet.";
  for (char c : event_type) type += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return type;
}
const std::string& message_type(EventType type) {
  static const auto kTypes = [] {
    std::array<std::string, std::to_underlying(kLastEventType) + 1> types;
    for (size_t i = 1; i < types.size(); ++i)
      types.at(i) = message_type(to_string(static_cast<EventType>(i)));
    return types;
  }();
  return kTypes.at(std::to_underlying(type));
}
const std::string kInitiated = message_type("TRANSFER_INITIATED");
const std::string kCompleted = message_type("TRANSFER_COMPLETED");

std::string data_of(const Event& event, std::string_view wallet_id, Timestamp at) {
  std::string data;
  rpc::JsonBuilder json(data);
  json.begin_object().key("eventType").text(to_string(event.type)).key("walletId").text(wallet_id);
  json.key("amount").raw(has_amount(event.type) ? amount_text(event.amount, event.currency) : "null");
  json.key("currency").text(code_of(event.currency));
  json.key("metadata").raw(event.type == EventType::kWalletCreated ? "null" : metadata_of(event));
  json.key("timestamp").text(to_iso8601(at)).end_object();
  return data;
}

// What happened to a transfer, told by its sender.
std::string transfer_data(std::string_view type, const Event& event, std::string_view wallet_id,
                          Timestamp at) {
  std::string metadata, data;
  rpc::JsonBuilder inner(metadata);
  inner.begin_object().key("sagaId").text(event.saga.uuid.to_string());
  inner.key("toWalletId").text(event.counterparty);
  if (!event.request_id.empty()) inner.key("requestId").text(event.request_id);
  if (!event.reason.empty()) inner.key("reason").text(event.reason);
  inner.end_object();
  rpc::JsonBuilder json(data);
  json.begin_object().key("eventType").text(type).key("walletId").text(wallet_id);
  json.key("amount").raw(amount_text(event.amount, event.currency));
  json.key("currency").text(code_of(event.currency));
  json.key("metadata").raw(metadata).key("timestamp").text(to_iso8601(at)).end_object();
  return data;
}

}  // namespace

broker::StreamSpec wallet_stream() {
  broker::StreamSpec stream;
  stream.name = kStream;
  stream.type_prefixes = {"wallet."};
  stream.subject_prefix = std::string(kStream) + ".";
  return stream;
}

Status WalletMessages::messages_of(const kernel::JournalEvent& journal_event,
                                   std::vector<broker::Message>& out) {
  DUCAT_ASSIGN(StoredEventView stored, decode_view(journal_event.body));
  const Event& event = stored.event;
  std::string id(event.wallet_id);
  if (event.type == EventType::kWalletCreated) {
    std::lock_guard lock(mutex_);
    if (ids_.size() >= kMostIds) ids_.clear();
    ids_[journal_event.stream] = id;
  } else {
    DUCAT_ASSIGN(id, wallet_id(journal_event.stream));
  }
  const size_t first = out.size();
  auto add = [&](const std::string& type, auto make_data) {
    if (journal_event.wants(type)) {
      out.push_back(message(type, id, event, journal_event, make_data(), out.size() - first));
    } else {
      out.emplace_back();
    }
  };
  auto of_transfer = [&](std::string_view type) { return transfer_data(type, event, id, event.at); };
  bool of_sender = !event.saga.none() && event.type != EventType::kFundsDeposited;
  bool reserved = event.type == EventType::kFundsHeld;
  bool withdrawn = event.type == EventType::kFundsWithdrawn;
  if (of_sender && (reserved || (withdrawn && event.hold.none())))
    add(kInitiated, [&] { return of_transfer("TRANSFER_INITIATED"); });
  add(message_type(event.type), [&] {
    return event.type == EventType::kTransferCompensated ? of_transfer(to_string(event.type))
                                                         : data_of(event, id, event.at);
  });
  if (of_sender && withdrawn) add(kCompleted, [&] { return of_transfer("TRANSFER_COMPLETED"); });
  return {};
}

broker::Message WalletMessages::message(std::string_view type, std::string_view wallet_id, const Event& event,
                                        const kernel::JournalEvent& journal_event, std::string_view data,
                                        uint64_t place) const {
  std::string id = make_uuid7_located(journal_event.at, uint64_t{shard_} << kShardShift |
                                                            journal_event.position << kPlaceBits | place)
                       .to_string();
  std::string saga = event.saga.none() ? std::string() : event.saga.uuid.to_string();
  broker::CloudEvent cloud;
  cloud.id = id;
  cloud.source = "/wallet";
  cloud.type = type;
  cloud.subject = wallet_id;
  cloud.time = journal_event.at;
  cloud.correlation_id = saga;
  cloud.partition_key = wallet_id;
  cloud.data = data;
  return broker::make_message(std::string(kStream), cloud);
}

Result<std::string> WalletMessages::wallet_id(uint64_t no) {
  std::lock_guard lock(mutex_);
  if (auto known = ids_.find(no); known != ids_.end()) return known->second;
  if (!connection_) {
    DUCAT_ASSIGN(connection_, tables_.connect(storage::Access::kReader));
  }
  DUCAT_ASSIGN(std::optional<NamedWallet> found, find_wallet(*connection_, no));
  if (!found) return fail(Errc::kUnavailable, "the tables do not have the wallet yet");
  if (ids_.size() >= kMostIds) ids_.clear();
  return ids_.emplace(no, std::move(found->id)).first->second;
}

}  // namespace ducat::wallet
