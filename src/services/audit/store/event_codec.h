// Events as the journal stores them: the bytes of ducat.audit.v1.StoredEvent, written and read without
// protobuf's classes, because every record goes through here.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "services/audit/domain/events.h"

namespace ducat::audit {

// Appends the event; `canonical` is its record's canonical form, empty where it has none.
void encode(std::string& out, const Event& event, std::string_view canonical);

// An event, and where its record's canonical form stands; views of the bytes.
struct StoredEventView {
  Event event;
  std::string_view canonical;
};

// kCorrupt for what is not such an event. Fields to come are skipped.
Result<StoredEventView> decode_view(std::string_view bytes);

}  // namespace ducat::audit
