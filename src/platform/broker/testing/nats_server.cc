// See nats_server.h.
#include "platform/broker/testing/nats_server.h"

#include <fstream>

namespace ducat::broker::testing {
namespace {

constexpr Duration kStartLimit = Duration::seconds(20);
constexpr int kStartAttempts = 5;  // somebody may take the port between finding it and using it

}  // namespace

std::string NatsServer::missing() {
  return find_program("nats-server").empty() ? "nats-server is not installed" : "";
}

Result<std::unique_ptr<NatsServer>> NatsServer::start() {
  if (std::string why = missing(); !why.empty()) return fail(Errc::kNotFound, why);
  std::unique_ptr<NatsServer> server(new NatsServer);
  Status started;
  for (int attempt = 0; attempt < kStartAttempts; ++attempt) {
    server->port_ = free_port();
    started = server->restart();
    if (started) return server;
  }
  return propagate(started);
}

Status NatsServer::restart() {
  process_.kill();
  std::string file = directory_.file("nats.conf");
  // Streams reserve what they may grow to; tests make many and fill none.
  std::ofstream(file) << "listen: \"127.0.0.1:" << port_ << "\"\njetstream {\n  store_dir: \"" << store()
                      << "\"\n  max_file_store: 100TB\n}\n";
  DUCAT_TRY(process_.start({find_program("nats-server"), "-c", file}, {}, directory_.file("nats.log")));
  return process_.wait_for_port(port_, kStartLimit);
}

}  // namespace ducat::broker::testing
