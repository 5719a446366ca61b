// Streams and subjects: how the broker's terms become those of JetStream.
//
// JetStream's names take no dots, so "fraud_detection.dlq" is the stream fraud_detection_dlq. A message's
// subject is the stream's prefix and the type; a stream without type prefixes gets subjects below its own
// name. The name a stream was declared with and its prefix stand in its description: a process that has not
// declared it finds them there, and a stream of another name is refused.
#pragma once

#include <map>
#include <memory>
#include <shared_mutex>
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
  bool declared = true;               // here; else found at the server
};

std::string jetstream_name(std::string_view name);
Stream stream_of(const StreamSpec& spec);
// kInvalid if the type is no subject or not one of this stream's.
Result<std::string> subject_of(const Stream& stream, std::string_view type);
// What a consumer of these types has to read: their common beginning, "" for everything. A server of 2.9
// knows one filter for each consumer, so the rest is sorted out by the subscription.
std::string filter_of(const Stream& stream, const std::vector<std::string>& types);

// What is there under that name; kNotFound: nothing. Blocks for as long as a request may take.
Result<Stream> look_up_stream(jsCtx* jetstream, const std::string& name);
// Makes the stream, or gives the one that is there these limits. Blocks for as long as a request may take.
Status declare_stream(jsCtx* jetstream, const Stream& stream, const NatsOptions& options);

// The streams that are known here. Thread-safe.
class StreamTable {
 public:
  using Entry = std::shared_ptr<const Stream>;
  // Null: not known yet.
  Entry find(const std::string& name) const;
  // Asks the server for one that is not known; may block then.
  Result<Entry> look_up(jsCtx* jetstream, const std::string& name);
  void add(Entry stream);
  std::vector<Entry> declared() const;

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, Entry> streams_;
};

}  // namespace ducat::broker::nats
