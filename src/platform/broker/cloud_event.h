// Messages as CloudEvents 1.0 in structured JSON (https://github.com/cloudevents/spec, JSON event format),
// with the attributes the contracts name.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "platform/broker/broker.h"

namespace ducat::broker {

// An event's attributes. Texts are UTF-8; empty optional ones are left out. When written, views live during
// the call; when read they view the `CloudEventReader`'s copy.
struct CloudEvent {
  std::string_view id;
  std::string_view source;   // "/wallet"
  std::string_view type;     // "wallet.funds_deposited"
  std::string_view subject;  // what it is about: a wallet's id
  Timestamp time;
  std::string_view trace_parent;
  std::string_view correlation_id;
  std::string_view partition_key;
  std::string_view data;  // a JSON object, verbatim; read as "null" if there is none
};

// Appends the event as JSON. `data` must be a JSON object or empty.
void append_cloud_event(std::string& out, const CloudEvent& event);

// A message that carries the event: its id, type and key are the event's, and the key is shortened if it is
// too long for a broker (then by its hash, so that it stays one key).
Message make_message(std::string stream, const CloudEvent& event);

// Reads events, one after the other; what it answered is valid until the next one or its end. One thread.
class CloudEventReader {
 public:
  CloudEventReader();
  ~CloudEventReader();
  // kInvalid says what is wrong: not JSON, another version of the specification, an attribute that is missing
  // or of a wrong type. Attributes it does not know are skipped; what `data` means is its reader's to check.
  Result<CloudEvent> read(std::string_view json);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ducat::broker
