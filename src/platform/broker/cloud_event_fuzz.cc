// Any bytes as a CloudEvent: refused with a reason, or read; and what was read says the same when it is
// written and read again.
#include <cstdint>

#include "base/check.h"
#include "platform/broker/cloud_event.h"

using ducat::broker::CloudEvent;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static ducat::broker::CloudEventReader first, second;
  auto event = first.read({reinterpret_cast<const char*>(data), size});
  if (!event) {
    DUCAT_CHECK(event.error().code == ducat::Errc::kInvalid, "malformed is the caller's mistake");
    DUCAT_CHECK(!event.error().message.empty(), "a refusal says why");
    return 0;
  }
  std::string again;
  append_cloud_event(again, *event);
  auto same = second.read(again);
  DUCAT_CHECK(same, "what was read can be read again");
  DUCAT_CHECK(same->id == event->id && same->source == event->source && same->type == event->type, "ids");
  DUCAT_CHECK(same->subject == event->subject && same->time.millis() == event->time.millis(),
              "what and when");
  DUCAT_CHECK(same->trace_parent == event->trace_parent, "trace");
  DUCAT_CHECK(same->correlation_id == event->correlation_id, "correlation");
  DUCAT_CHECK(same->partition_key == event->partition_key, "key");
  DUCAT_CHECK(same->data == (event->data.empty() ? "null" : event->data), "data, verbatim");
  return 0;
}
