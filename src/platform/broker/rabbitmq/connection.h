// A connection of librabbitmq with one channel, and a loop's means to wait for it and for others' wishes.
// Only for the sources of this folder.
#pragma once

#include <amqp.h>
#include <amqp_framing.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "platform/broker/rabbitmq/rabbitmq.h"

namespace ducat::broker::rabbitmq {

constexpr amqp_channel_t kChannel = 1;

inline amqp_bytes_t bytes(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};
}
inline std::string text(amqp_bytes_t bytes) {
  return bytes.len == 0 ? std::string() : std::string(static_cast<const char*>(bytes.bytes), bytes.len);
}
// A short string entry for a table; its views live as long as the texts.
amqp_table_entry_t entry(std::string_view key, std::string_view value);
amqp_table_entry_t entry(std::string_view key, int64_t value);

// Wakes a thread that waits in Connection::wait. Thread-safe.
class Wake {
 public:
  Wake();
  ~Wake();
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;
  void set();
  void clear();
  void wait(Duration limit);  // until it is set; clears it
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

// One thread, but for `wake`. After an error of kUnavailable it is of no use any more.
class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const RabbitOptions& options);
  ~Connection();  // closes it in order if it is alive; for a limited time

  amqp_connection_state_t state() const { return state_; }
  // The outcome of the last request. A server's refusal closes the channel; it is opened again here, without
  // what was set on it.
  Status reply(std::string_view what);
  // Of a function that answers a status.
  Status check(std::string_view what, int status);

  // Waits until there is something to read, or `wake`, or `limit` (at most a second, for heartbeats).
  void wait(Wake& wake, Duration limit);
  // The next frame, if one has come. kUnavailable: the connection or the channel was closed, and why.
  Result<bool> next_frame(amqp_frame_t& frame);
  // Of a frame that is a method: the error, if it closes the channel or the connection.
  Status closing(const amqp_method_t& method);

  // Host and port.
  static std::string address(const RabbitOptions& options);

 private:
  Connection() = default;
  Status connect(const RabbitOptions& options);
  Status login(const amqp_connection_info& info, const RabbitOptions& options);
  Status open_channel();
  std::unexpected<Error> lost(std::string_view what, std::string_view why);
  Status refused(std::string_view what, const amqp_method_t& method);

  amqp_connection_state_t state_ = nullptr;
  bool alive_ = false;
};

}  // namespace ducat::broker::rabbitmq
