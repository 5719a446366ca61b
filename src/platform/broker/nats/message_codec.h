// A message as JetStream carries it: the body as it is; the type in the subject; the id in Nats-Msg-Id, by
// which the server drops repeats; the key and further headers in headers of ours, percent-encoded. The
// content type is that of the CloudEvents NATS binding, structured mode.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "platform/broker/broker.h"
#include "platform/broker/nats/streams.h"

namespace ducat::broker::nats {

// What is to be sent; `expected_last_id` (may be empty): refused unless that is the stream's last message.
Result<MessageHandle> encode(const Message& message, const std::string& subject, const std::string& reply,
                             std::string_view expected_last_id);
Message decode(natsMsg* message, const Stream& stream);

// What the reply subject of a delivery says.
struct DeliveryInfo {
  uint64_t attempt = 0;
  uint64_t sequence = 0;  // in the stream
};
// kCorrupt if it is no such subject.
Result<DeliveryInfo> parse_ack_subject(std::string_view reply);

// The server's answer to a publish.
struct PublishAnswer {
  bool stored = false;  // or there already
  int code = 0;         // the server's error code
  std::string text;
};
PublishAnswer parse_answer(std::string_view body);

}  // namespace ducat::broker::nats
