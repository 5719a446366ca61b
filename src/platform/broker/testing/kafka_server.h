// A Kafka node of a test's own: one KRaft node (broker and controller) on free ports of 127.0.0.1, from the
// jars that
// `./dev test` has Maven fetch (tools/kafka/pom.xml).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "platform/storage/testing/temporary_directory.h"

namespace ducat::broker::testing {

// One thread; the server dies with the thread that started it. Starts in a few seconds, so a test program
// shares one.
class KafkaServer {
 public:
  // Empty if Java and the jars are there; else what to say when skipping.
  static std::string missing();
  static Result<std::unique_ptr<KafkaServer>> start();
  ~KafkaServer();

  std::string url() const { return "kafka://127.0.0.1:" + std::to_string(port_); }
  // kill -9; returns when it has gone.
  void kill();
  // Starts it again on the same port with the same data; returns when it answers.
  Status restart();

 private:
  KafkaServer() = default;
  Status run();

  storage::TemporaryDirectory directory_;
  uint16_t port_ = 0;
  uint16_t controller_port_ = 0;
  pid_t child_ = 0;
};

}  // namespace ducat::broker::testing
