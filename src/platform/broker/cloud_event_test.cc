#include "platform/broker/cloud_event.h"

#include <gtest/gtest.h>

namespace ducat::broker {
namespace {

CloudEvent full() {
  CloudEvent event;
  event.id = "id-1";
  event.source = "/wallet";
  event.type = "wallet.funds_deposited";
  event.subject = "u \"1\" \\ \n \x01 \xc3\xa9";
  event.time = *parse_iso8601("2026-01-02T03:04:05.678901Z");
  event.trace_parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  event.correlation_id = "c";
  event.partition_key = "u1";
  event.data = R"({"amount":12345678901234567890.10,"nested":{"a":[1,"}"]}})";
  return event;
}

TEST(CloudEvent, ComesBackAsItWasWritten) {
  CloudEvent event = full();
  std::string json;
  append_cloud_event(json, event);
  CloudEventReader reader;
  auto read = reader.read(json);
  ASSERT_TRUE(read) << read.error().message << json;
  EXPECT_EQ(read->id, event.id);
  EXPECT_EQ(read->source, event.source);
  EXPECT_EQ(read->type, event.type);
  EXPECT_EQ(read->subject, event.subject);
  EXPECT_EQ(read->time.millis(), event.time.millis());
  EXPECT_EQ(read->trace_parent, event.trace_parent);
  EXPECT_EQ(read->correlation_id, event.correlation_id);
  EXPECT_EQ(read->partition_key, event.partition_key);
  EXPECT_EQ(read->data, event.data) << "byte for byte";
}

TEST(CloudEvent, LeavesOutWhatIsEmpty) {
  CloudEvent event;
  event.id = "1";
  event.source = "/s";
  event.type = "t";
  std::string json;
  append_cloud_event(json, event);
  EXPECT_EQ(json,
            R"({"specversion":"1.0","id":"1","source":"/s","type":"t","time":"1970-01-01T00:00:00.000Z",)"
            R"("datacontenttype":"application/json","data":null})");
}

TEST(CloudEvent, IsReadInAnyOrderWithAttributesNobodyKnows) {
  CloudEventReader reader;
  auto read = reader.read(
      R"( {"data":{"a":1},"x":{"y":[{}]},"type":"t","source":"/s","id":"1","specversion":"1.0"} )");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->data, R"({"a":1})");
}

TEST(CloudEvent, ThatIsNoneSaysWhy) {
  CloudEventReader reader;
  for (std::string_view wrong :
       {"", "null", "[]", "{", R"({"id":"1"})", R"({"specversion":"0.3","id":"1","source":"/s","type":"t"})",
        R"({"specversion":"1.0","source":"/s","type":"t"})",
        R"({"specversion":"1.0","id":7,"source":"/s","type":"t"})",
        R"({"specversion":"1.0","id":"1","source":"/s","type":"t","time":"now"})",
        R"({"specversion":"1.0","id":"1","source":"/s","type":"t","data":[1]})",
        R"({"specversion":"1.0","id":"1","source":"/s","type":"t","x":[1,[}]})",
        R"({"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"a":tru}})",
        R"({"specversion":"1.0","id":"1","source":"/s","type":"t"} {})"}) {
    auto read = reader.read(wrong);
    ASSERT_FALSE(read) << wrong;
    EXPECT_EQ(read.error().code, Errc::kInvalid);
  }
  EXPECT_FALSE(reader.read(std::string(kLargestBody + 1, ' ')));
}

TEST(CloudEvent, MakesAMessageWithAKeyThatFits) {
  CloudEvent event = full();
  Message message = make_message("wallet_events", event);
  EXPECT_EQ(message.stream, "wallet_events");
  EXPECT_EQ(message.type, event.type);
  EXPECT_EQ(message.id, event.id);
  EXPECT_EQ(message.key, "u1");
  std::string a(300, 'a'), b(300, 'b');
  event.partition_key = a;
  std::string key_of_a = make_message("s", event).key;
  event.partition_key = b;
  EXPECT_LE(key_of_a.size(), 255U);
  EXPECT_NE(key_of_a, make_message("s", event).key);
}

}  // namespace
}  // namespace ducat::broker
