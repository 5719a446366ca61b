// In-process delivery. A fed stream goes straight from its journal to the groups, without a copy on disk;
// everything else that is published (dead letters, what is redriven) is kept in the broker's own log. Groups'
// positions are durable a moment later, off the delivery's path: after a crash the last moment comes again.
//
// One process at a time uses the database. The groups' places in fed sources are kept by the order in which
// the sources of a stream are fed, which is therefore the same at every start.
#pragma once

#include <memory>

#include "platform/broker/broker.h"
#include "platform/storage/database.h"

namespace ducat::broker {

struct EmbeddedOptions {
  size_t queue_bytes = size_t{64} << 20;  // published and not yet written; more is refused with kUnavailable
  Duration save_interval = Duration::millis(100);
  Duration retention_interval = Duration::seconds(60);
  uint64_t checkpoint_bytes = uint64_t{8} << 20;  // written between two checkpoints of the database
};

// Clock and timers outlive the broker. A database that is opened `durable`, as publishing confirms what it
// holds.
std::unique_ptr<Broker> make_embedded(std::unique_ptr<storage::Database> database, Clock& clock,
                                      Timers& timers, EmbeddedOptions options = {});

}  // namespace ducat::broker
