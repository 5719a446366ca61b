// The stored bytes, held against the class that protoc makes of the contract.
#include "services/audit/store/event_codec.h"

#include <gtest/gtest.h>

#include "ducat/audit/v1/events.pb.h"
#include "services/audit/domain/canonical.h"

namespace ducat::audit {
namespace {

Event appended() {
  Event event{.reply = Reply::kFailed, .proposed = true};
  event.record = {300, {1'767'323'045'678'000}, {}, {.action = Action::kUpdate}};
  event.record.entry.entity_type = "Transaction";
  event.error = "too late";
  event.rolled_back_by = 299;
  event.traceparent = "00-trace";
  return event;
}

TEST(AuditEventCodec, WritesWhatTheContractSays) {
  Event event = appended();
  std::string canonical, bytes;
  append_canonical(canonical, event.record);
  encode(bytes, event, canonical);
  v1::StoredEvent stored;
  ASSERT_TRUE(stored.ParseFromString(bytes));
  EXPECT_EQ(stored.type(), v1::STORED_EVENT_TYPE_RECORD_APPENDED);
  EXPECT_EQ(stored.reply(), v1::STORED_REPLY_FAILED);
  EXPECT_TRUE(stored.proposed());
  EXPECT_EQ(stored.record(), canonical);
  EXPECT_EQ(stored.error(), "too late");
  EXPECT_EQ(stored.rolled_back_by(), 299u);
  EXPECT_EQ(stored.traceparent(), "00-trace");
  EXPECT_EQ(stored.SerializeAsString(), bytes);
}

TEST(AuditEventCodec, ReadsWhatItWrites) {
  Event event = appended();
  std::string canonical, bytes;
  append_canonical(canonical, event.record);
  encode(bytes, event, canonical);
  auto read = decode_view(bytes);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->event.record, event.record);
  EXPECT_EQ(read->canonical, canonical);
  EXPECT_EQ(read->event.reply, Reply::kFailed);
  EXPECT_EQ(read->event.error, "too late");
  EXPECT_EQ(read->event.rolled_back_by, 299u);
  EXPECT_TRUE(read->event.proposed);
}

TEST(AuditEventCodec, ReadsAnAnswer) {
  Event event{.type = EventType::kProposalAnswered, .reply = Reply::kCreated, .correlation_id = "c"};
  event.sequence = 9;
  event.created_at = {5'000};
  std::string bytes;
  encode(bytes, event, {});
  v1::StoredEvent stored;
  ASSERT_TRUE(stored.ParseFromString(bytes));
  EXPECT_EQ(stored.SerializeAsString(), bytes);
  auto read = decode_view(bytes);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->event.correlation_id, "c");
  EXPECT_EQ(read->event.sequence, 9u);
  EXPECT_EQ(read->event.created_at, (Timestamp{5'000}));
}

TEST(AuditEventCodec, RefusesDamage) {
  Event event = appended();
  std::string canonical, bytes;
  append_canonical(canonical, event.record);
  encode(bytes, event, canonical);
  EXPECT_FALSE(decode_view("").has_value());
  for (size_t size = 1; size < canonical.size(); ++size)
    EXPECT_FALSE(decode_view(bytes.substr(0, size)).has_value());
  EXPECT_FALSE(decode_view("\x08\x03").has_value()) << "a type to come";
}

}  // namespace
}  // namespace ducat::audit
