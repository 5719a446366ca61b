// The broker on NATS JetStream: streams on disk, publishing with acknowledgements, durable pull consumers.
//
// What the server promises by itself is less than broker.h does, and the difference is made up here:
// - An acknowledged message is written, not synced: a server of 2.9 syncs every two minutes and cannot be
//   told otherwise. So a fed source counts as published only what was acknowledged longer ago than
//   `unsynced`, and when the server turns out to have been started anew, feeds go back to that point and
//   send the rest again; the server drops what it still has by the message's id.
// - After such a loss a durable consumer may stand beyond the end of its stream, and would skip as many new
//   messages. It is put back before anything is published (streams.h).
// - Its client library sends what was published during an outage after the outage, past what was lost in it.
//   So the connection that publishes never reconnects by itself; publisher.h makes a new one and sends again
//   from the oldest unconfirmed message.
#pragma once

#include <memory>
#include <string>

#include "base/time.h"
#include "platform/broker/broker.h"
#include "platform/broker/publish_queue.h"

namespace ducat::broker {

struct NatsOptions {
  // nats://[user:password@]host:port, several separated by commas (one cluster); tls:// for TLS.
  std::string url = "nats://127.0.0.1:4222";
  int replicas = 1;  // of streams, in a cluster
  // How long the server may keep acknowledged messages unsynced: its sync interval (two minutes for 2.9) and
  // some more. 0 for servers configured to sync always (2.10 and later).
  Duration unsynced = Duration::seconds(180);
  // A message nobody acknowledges is delivered again after this; while a subscriber lives it prolongs it.
  Duration ack_wait = Duration::seconds(30);
  Duration connect_timeout = Duration::seconds(3);  // of one attempt
  Duration start_limit = Duration::seconds(10);
  Duration request_timeout = Duration::seconds(5);  // of one administrative request
  PublishLimits publishing;
};

// Not started. The clock outlives it. Thread-safe as broker.h says; threads: one that publishes, one for
// upkeep, and the library's own.
std::unique_ptr<Broker> make_nats_broker(NatsOptions options, Clock& clock);

}  // namespace ducat::broker
