// A NATS server with JetStream for one test program: Debian's nats-server in a temporary directory, on a free
// port of 127.0.0.1.
#pragma once

#include <memory>
#include <string>

#include "platform/broker/testing/server_process.h"
#include "platform/storage/testing/temporary_directory.h"

namespace ducat::broker::testing {

// One thread. Starts within a tenth of a second.
class NatsServer {
 public:
  // Empty if the server is installed; else what to say when skipping.
  static std::string missing();
  static Result<std::unique_ptr<NatsServer>> start();

  std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }
  // Where its streams are: <store>/jetstream/$G/streams/<name>/msgs/*.blk
  std::string store() const { return directory_.file("store"); }
  void kill() { process_.kill(); }
  // On the same port with the same data.
  Status restart();

 private:
  NatsServer() = default;

  storage::TemporaryDirectory directory_;
  uint16_t port_ = 0;
  ServerProcess process_;
};

}  // namespace ducat::broker::testing
