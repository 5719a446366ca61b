// See event_codec.h. The messages are kept for each thread, so that their texts' memory is used again.
#include "services/transactions/store/event_codec.h"

#include <cstring>
#include <limits>
#include <utility>

#include "base/check.h"
#include "ducat/transactions/v1/events.pb.h"

namespace ducat::transactions {
namespace {

// Larger than every event the contract's limits allow; what is set aside of an event's memory is bounded.
constexpr size_t kLargeEvent = size_t{64} << 10;

std::string_view bytes_of(const Uuid& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

bool read_id(std::string_view bytes, Uuid& id) {
  if (bytes.size() != id.bytes.size()) return false;
  std::memcpy(id.bytes.data(), bytes.data(), bytes.size());
  return true;
}

void fill(v1::StoredTransaction& out, const Transaction& transaction) {
  out.set_id(bytes_of(transaction.id.uuid).data(), 16);
  out.set_user_id(transaction.user_id);
  out.set_amount(transaction.amount.minor);
  out.set_currency(std::to_underlying(transaction.amount.currency));
  out.set_status(static_cast<v1::StoredStatus>(transaction.status));
  if (transaction.description) out.set_description(*transaction.description);
  if (transaction.metadata) out.set_metadata(*transaction.metadata);
  out.set_version(transaction.version);
  out.set_created_at_micros(transaction.created_at.micros);
  out.set_updated_at_micros(transaction.updated_at.micros);
  if (transaction.deleted_at) out.set_deleted_at_micros(transaction.deleted_at->micros);
}

// Null: not what fill() writes.
TransactionRef read(const v1::StoredTransaction& stored) {
  auto transaction = std::make_shared<Transaction>();
  bool known = stored.status() >= v1::STORED_STATUS_PENDING &&
               stored.status() <= v1::STORED_STATUS_ROLLED_BACK && is_currency(stored.currency()) &&
               stored.currency() <= std::numeric_limits<uint16_t>::max() &&
               is_offered(static_cast<Currency>(stored.currency())) && stored.amount() > 0;
  if (!known || !read_id(stored.id(), transaction->id.uuid)) return nullptr;
  transaction->user_id = stored.user_id();
  transaction->amount = {stored.amount(), static_cast<Currency>(stored.currency())};
  transaction->status = static_cast<TransactionStatus>(stored.status());
  if (stored.has_description()) transaction->description = stored.description();
  if (stored.has_metadata()) transaction->metadata = stored.metadata();
  transaction->version = stored.version();
  transaction->created_at = {stored.created_at_micros()};
  transaction->updated_at = {stored.updated_at_micros()};
  if (stored.has_deleted_at_micros()) transaction->deleted_at = Timestamp{stored.deleted_at_micros()};
  return transaction;
}

bool is_change(v1::StoredChange change) {
  return change >= v1::STORED_CHANGE_CREATE && change <= v1::STORED_CHANGE_RESTORE;
}

void fill(v1::StoredEvent& out, const ChangeProposed& event) {
  v1::StoredChangeProposed& stored = *out.mutable_proposed();
  stored.set_correlation_id(bytes_of(event.correlation.uuid).data(), 16);
  stored.set_change(static_cast<v1::StoredChange>(event.change));
  if (event.before != nullptr) fill(*stored.mutable_before(), *event.before);
  fill(*stored.mutable_after(), *event.after);
  stored.set_fields(event.fields);
  stored.set_ip_address(event.ip_address);
  stored.set_user_agent(event.user_agent);
  stored.set_traceparent(event.traceparent);
  stored.set_deadline_micros(event.deadline.micros);
  stored.set_idempotency_key(event.idempotency_key);
  stored.set_fingerprint(event.fingerprint);
}

bool read(const v1::StoredChangeProposed& stored, ChangeProposed& event) {
  if (!read_id(stored.correlation_id(), event.correlation.uuid) || !is_change(stored.change())) return false;
  event.change = static_cast<Change>(stored.change());
  if (stored.has_before()) event.before = read(stored.before());
  event.after = read(stored.after());
  event.fields = stored.fields();
  event.ip_address = stored.ip_address();
  event.user_agent = stored.user_agent();
  event.traceparent = stored.traceparent();
  event.deadline = {stored.deadline_micros()};
  event.idempotency_key = stored.idempotency_key();
  event.fingerprint = stored.fingerprint();
  return event.after != nullptr && (event.before != nullptr) == (event.change != Change::kCreate);
}

void fill(v1::StoredEvent& out, const ChangeConfirmed& event) {
  v1::StoredChangeConfirmed& stored = *out.mutable_confirmed();
  stored.set_correlation_id(bytes_of(event.correlation.uuid).data(), 16);
  stored.set_change(static_cast<v1::StoredChange>(event.change));
  stored.set_audit_log_id(event.audit_log_id);
  fill(*stored.mutable_after(), *event.after);
}

bool read(const v1::StoredChangeConfirmed& stored, ChangeConfirmed& event) {
  if (!read_id(stored.correlation_id(), event.correlation.uuid) || !is_change(stored.change())) return false;
  event.change = static_cast<Change>(stored.change());
  event.audit_log_id = stored.audit_log_id();
  event.after = read(stored.after());
  return event.after != nullptr;
}

void fill(v1::StoredEvent& out, const ChangeRolledBack& event) {
  v1::StoredChangeRolledBack& stored = *out.mutable_rolled_back();
  stored.set_correlation_id(bytes_of(event.correlation.uuid).data(), 16);
  stored.set_change(static_cast<v1::StoredChange>(event.change));
  stored.set_transaction_id(bytes_of(event.transaction.uuid).data(), 16);
  stored.set_user_id(event.user_id);
  stored.set_reason(event.reason);
}

bool read(const v1::StoredChangeRolledBack& stored, ChangeRolledBack& event) {
  if (!read_id(stored.correlation_id(), event.correlation.uuid) || !is_change(stored.change())) return false;
  event.change = static_cast<Change>(stored.change());
  event.user_id = stored.user_id();
  event.reason = stored.reason();
  return read_id(stored.transaction_id(), event.transaction.uuid);
}

void fill(v1::StoredEvent& out, const TransactionPurged& event) {
  out.mutable_purged()->set_transaction_id(bytes_of(event.transaction.uuid).data(), 16);
}

bool read(const v1::StoredTransactionPurged& stored, TransactionPurged& event) {
  return read_id(stored.transaction_id(), event.transaction.uuid);
}

template <typename Message>
void append(std::string& out, const Message& message) {
  bool written = message.AppendToString(&out);
  DUCAT_CHECK(written, "an event is smaller than 2 GiB");
}

template <typename T, typename Stored>
Result<Event> event_from(const Stored& stored) {
  T event;
  if (!read(stored, event)) return fail(Errc::kCorrupt, "a transaction's event is damaged");
  return Event(std::move(event));
}

// Cleared, but with the memory of earlier ones; not kept when one was large.
v1::StoredEvent& scratch(size_t size) {
  thread_local v1::StoredEvent message;
  thread_local bool was_large = false;
  if (was_large) {
    message = v1::StoredEvent();
  } else {
    message.Clear();
  }
  was_large = size > kLargeEvent;
  return message;
}

}  // namespace

void encode(std::string& out, const Event& event) {
  v1::StoredEvent& stored = scratch(0);
  std::visit([&](const auto& each) { fill(stored, each); }, event);
  append(out, stored);
}

EventType type_of(std::string_view bytes) {
  if (bytes.empty() || (bytes[0] & 7) != 2) return EventType::kUnknown;
  int field = static_cast<unsigned char>(bytes[0]) >> 3;
  bool known =
      field >= std::to_underlying(EventType::kProposed) && field <= std::to_underlying(EventType::kPurged);
  return known ? static_cast<EventType>(field) : EventType::kUnknown;
}

Result<Event> decode(std::string_view bytes) {
  v1::StoredEvent& stored = scratch(bytes.size());
  if (!stored.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::kCorrupt, "a transaction's event cannot be read");
  }
  switch (stored.event_case()) {
    case v1::StoredEvent::kProposed:
      return event_from<ChangeProposed>(stored.proposed());
    case v1::StoredEvent::kConfirmed:
      return event_from<ChangeConfirmed>(stored.confirmed());
    case v1::StoredEvent::kRolledBack:
      return event_from<ChangeRolledBack>(stored.rolled_back());
    case v1::StoredEvent::kPurged:
      return event_from<TransactionPurged>(stored.purged());
    case v1::StoredEvent::EVENT_NOT_SET:
      break;
  }
  return fail(Errc::kCorrupt, "an event of transactions is of an unknown type");
}

void encode(std::string& out, const Transaction& transaction) {
  v1::StoredTransaction stored;
  fill(stored, transaction);
  append(out, stored);
}

Result<TransactionRef> decode_transaction(std::string_view bytes) {
  v1::StoredTransaction stored;
  TransactionRef transaction;
  if (stored.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) transaction = read(stored);
  if (transaction == nullptr) return fail(Errc::kCorrupt, "a stored transaction cannot be read");
  return transaction;
}

}  // namespace ducat::transactions
