// What the audit is told: each event of a user as an `audit.log.create` message, made from the journal, so
// that no change is without its evidence and none is told of that did not happen.
#pragma once

#include <vector>

#include "kernel/messaging/journal_source.h"

namespace ducat::identity {

// The stream the audit reads; declaring it twice changes nothing.
broker::StreamSpec audit_stream();

// Adds the event's message. Its id and correlation id follow from the event's position. kCorrupt: not an
// event.
Status audit_messages_of(const kernel::JournalEvent& event, std::vector<broker::Message>& out);

}  // namespace ducat::identity
