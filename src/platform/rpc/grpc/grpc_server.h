// Serves a registry's methods over gRPC, without generated stubs: bytes → the method's message → its handler
// → bytes. The path is gRPC's own: "/ducat.wallet.v1.WalletService/Deposit".
//
// It is for other processes of the same Ducat only. Who calls, and what he may, was decided by the process
// that sent the call (the gateway); a call is believed when it is signed with the internal secret
// (signature.h) and refused otherwise, whatever its method.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/time.h"
#include "platform/rpc/dispatcher.h"
#include "platform/rpc/registry.h"

namespace ducat::rpc {

// Requests and replies above this are refused on either side.
constexpr size_t kMaxMessageBytes = size_t{4} << 20;

struct GrpcServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 0;             // 0: any free one, see GrpcServer::port
  std::string secret;            // the internal secret; must not be empty
  size_t threads = 1;            // that handlers are started on and resume on
  int max_streams = 1024;        // calls of one connection at a time
  size_t max_calls = 10'000;     // of all connections; more are answered 503 at once
  Clock* clock = nullptr;        // outlives the server
  Observer* observer = nullptr;  // hears of every answer; null: nobody. Outlives the server
};

// The registry is complete before `start` and outlives the server. Start once, stop once.
class GrpcServer {
 public:
  GrpcServer(const Registry& registry, GrpcServerOptions options);
  ~GrpcServer();

  // kBusy: the port is taken.
  Status start();
  // Takes no more calls and waits for those under way; their clients hear nothing any more after `limit`. A
  // handler has limits of its own, so this ends.
  void stop(Duration limit);
  int port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ducat::rpc
