// libnats in our terms: handles that free themselves, its statuses as errors, connections that say when they
// are lost. Only for the sources of this folder, which include nats.h; other code needs nothing of it.
#pragma once

#include <nats/nats.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"
#include "platform/broker/nats/nats.h"

namespace ducat::broker::nats {

template <auto destroy>
struct Destroy {
  template <typename T>
  void operator()(T* handle) const {
    destroy(handle);
  }
};
using MessageHandle = std::unique_ptr<natsMsg, Destroy<natsMsg_Destroy>>;
using SubscriptionHandle = std::unique_ptr<natsSubscription, Destroy<natsSubscription_Destroy>>;
using JetStreamHandle = std::unique_ptr<jsCtx, Destroy<jsCtx_Destroy>>;
using StreamInfoHandle = std::unique_ptr<jsStreamInfo, Destroy<jsStreamInfo_Destroy>>;
using ConsumerInfoHandle = std::unique_ptr<jsConsumerInfo, Destroy<jsConsumerInfo_Destroy>>;
using ConsumerListHandle = std::unique_ptr<jsConsumerInfoList, Destroy<jsConsumerInfoList_Destroy>>;

// "what: the library's text", with the code that says whether trying again may help. `code` is the server's.
std::unexpected<Error> failed(std::string_view what, natsStatus status, jsErrCode code = jsErrCode(0));
inline Status check(std::string_view what, natsStatus status, jsErrCode code = jsErrCode(0)) {
  if (status == NATS_OK) return {};
  return failed(what, status, code);
}

constexpr int64_t nanos(Duration duration) {
  return duration.micros * 1000;
}
constexpr int64_t millis(Duration duration) {
  return duration.micros / 1000;
}

// A connection. Thread-safe, as the library is.
class Connection {
 public:
  // kOnce: never comes back when it is lost. kForever: comes back by itself.
  enum class Life { kOnce, kForever };
  // `on_change` is called on a thread of the library whenever the connection is lost or back, and not any
  // more once it is destroyed; it must not destroy it.
  static Result<std::unique_ptr<Connection>> open(const NatsOptions& options, Life life,
                                                  std::function<void()> on_change);
  ~Connection();

  natsConnection* handle() const { return handle_; }
  jsCtx* jetstream() const { return jetstream_.get(); }
  // The server it is connected to; a server that was started again has another id. Empty: not connected.
  std::string server_id() const;
  bool connected() const;
  // Where it is connected to, without user and password; or where it should be.
  std::string address() const;
  // How often it came back.
  uint64_t generation() const { return watch_->generation; }

 private:
  struct Watch {
    std::mutex mutex;
    std::function<void()> on_change;  // none: the connection was destroyed
    std::atomic<uint64_t> generation = 0;
    void change();
  };
  static void on_change(natsConnection* connection, void* closure);
  static void on_reconnected(natsConnection* connection, void* closure);
  static void on_closed(natsConnection* connection, void* closure);

  Connection() = default;
  natsConnection* handle_ = nullptr;
  JetStreamHandle jetstream_;
  std::string address_;
  std::shared_ptr<Watch> watch_;  // shared with the library, which calls back after the end
};

}  // namespace ducat::broker::nats
