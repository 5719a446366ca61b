// A RabbitMQ server for one test program: Debian's rabbitmq-server in a temporary directory, on free ports of
// 127.0.0.1, with an epmd and a cookie of its own, so that it meets no other node of this machine.
#pragma once

#include <memory>
#include <string>

#include "platform/broker/testing/server_process.h"
#include "platform/storage/testing/temporary_directory.h"

namespace ducat::broker::testing {

// One thread. Takes several seconds to start: a test program shares one.
class RabbitServer {
 public:
  // Empty if the server is installed; else what to say when skipping.
  static std::string missing();
  static Result<std::unique_ptr<RabbitServer>> start();

  std::string url() const { return "amqp://guest:guest@127.0.0.1:" + std::to_string(port_) + "/%2f"; }
  // Not before the names of new queues are on its disk: until then it forgets queues that it has confirmed.
  void kill();
  // On the same port with the same data.
  Status restart();

 private:
  RabbitServer() = default;
  std::vector<std::string> environment() const;

  storage::TemporaryDirectory directory_;
  uint16_t port_ = 0;
  uint16_t node_port_ = 0;   // where Erlang nodes would talk to it
  uint16_t names_port_ = 0;  // of epmd
  ServerProcess names_;      // epmd; started by us, so that the server leaves no daemon behind
  ServerProcess server_;
};

}  // namespace ducat::broker::testing
