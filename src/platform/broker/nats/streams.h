// Streams, subjects and consumers: how the broker's terms become those of JetStream, and the administrative
// requests about them.
//
// JetStream's names take no dots, so "fraud_detection.dlq" is the stream fraud_detection_dlq; the name it
// was declared with is its description, and a stream of another description is refused. A message's subject
// is the stream's prefix and the type; a stream without type prefixes gets subjects below its own name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/broker/broker.h"
#include "platform/broker/nats/library.h"

namespace ducat::broker::nats {

// A declared stream.
struct Stream {
  StreamSpec spec;
  std::string name;                   // JetStream's
  std::string prefix;                 // of the subject, before the type
  std::vector<std::string> subjects;  // what the stream takes
};

std::string jetstream_name(std::string_view name);
Stream stream_of(const StreamSpec& spec);
// kInvalid if the type is no subject or not one of this stream's.
Result<std::string> subject_of(const Stream& stream, std::string_view type);
// What a consumer of these types has to read: their common beginning, "" for everything. A server of 2.9
// knows one filter for each consumer, so the rest is sorted out by the subscription.
std::string filter_of(const Stream& stream, const std::vector<std::string>& types);

// These block for as long as a request may take, and may be repeated.

// Makes the stream, or gives the one that is there these limits.
Status declare_stream(jsCtx* jetstream, const Stream& stream, const NatsOptions& options);
// Makes the durable consumer, or gives the one that is there this filter and limit.
Status declare_consumer(jsCtx* jetstream, const Stream& stream, const SubscriptionOptions& subscription,
                        const NatsOptions& options);
// Puts consumers that stand beyond the end of the stream back to where they have acknowledged or to the end.
// After a power cut took the end of a stream they would otherwise skip the messages that take its place.
// Must be done before anything is published to it.
Status put_back_consumers(jsCtx* jetstream, const Stream& stream);

}  // namespace ducat::broker::nats
