// See rabbitmq_server.h.
#include "platform/broker/testing/rabbitmq_server.h"

#include <time.h>
#include <unistd.h>

#include <fstream>

namespace ducat::broker::testing {
namespace {

constexpr Duration kStartLimit = Duration::seconds(240);
constexpr Duration kNamesLimit = Duration::seconds(10);
// Not the one on the path, which changes its user.
constexpr const char kProgram[] = "/usr/lib/rabbitmq/bin/rabbitmq-server";

}  // namespace

std::string RabbitServer::missing() {
  if (access(kProgram, X_OK) != 0) return "rabbitmq-server is not installed";
  return find_program("epmd").empty() ? "epmd is not installed" : "";
}

Result<std::unique_ptr<RabbitServer>> RabbitServer::start() {
  if (std::string why = missing(); !why.empty()) return fail(Errc::kNotFound, why);
  std::unique_ptr<RabbitServer> server(new RabbitServer);
  server->port_ = free_port();
  server->node_port_ = free_port();
  server->names_port_ = free_port();
  const storage::TemporaryDirectory& directory = server->directory_;
  std::ofstream(directory.file("enabled_plugins")) << "[].\n";
  std::ofstream(directory.file("rabbitmq.conf"))
      << "listeners.tcp.default = 127.0.0.1:" << server->port_ << "\ndisk_free_limit.absolute = 50MB\n"
      << "log.console = true\nlog.console.level = warning\nlog.file = false\n";
  DUCAT_TRY(server->names_.start(
      {find_program("epmd"), "-address", "127.0.0.1", "-port", std::to_string(server->names_port_)}, {},
      directory.file("epmd.log")));
  DUCAT_TRY(server->names_.wait_for_port(server->names_port_, kNamesLimit));
  DUCAT_TRY(server->restart());
  return server;
}

std::vector<std::string> RabbitServer::environment() const {
  return {
      "HOME=" + directory_.path(),
      "RABBITMQ_NODENAME=ducat" + std::to_string(port_) + "@localhost",
      "RABBITMQ_MNESIA_BASE=" + directory_.file("data"),
      "RABBITMQ_LOG_BASE=" + directory_.file("log"),
      "RABBITMQ_CONFIG_FILE=" + directory_.file("rabbitmq.conf"),
      "RABBITMQ_ADVANCED_CONFIG_FILE=" + directory_.file("none.config"),
      "RABBITMQ_CONF_ENV_FILE=" + directory_.file("none.conf"),
      "RABBITMQ_ENABLED_PLUGINS_FILE=" + directory_.file("enabled_plugins"),
      "RABBITMQ_PID_FILE=" + directory_.file("pid"),
      "RABBITMQ_DIST_PORT=" + std::to_string(node_port_),
      "ERL_EPMD_PORT=" + std::to_string(names_port_),
      "ERL_EPMD_ADDRESS=127.0.0.1",
      "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=+S 2:2 +SDcpu 1:1 +A 4",
      "RUNNING_UNDER_SYSTEMD=true",  // becomes the Erlang machine instead of its parent
  };
}

void RabbitServer::kill() {
  // Its Raft library saves them every half second, and says nothing when it has.
  timespec saved{2, 0};
  nanosleep(&saved, nullptr);
  server_.kill();
}

Status RabbitServer::restart() {
  server_.kill();
  DUCAT_TRY(server_.start({kProgram}, environment(), directory_.file("rabbitmq.log")));
  return server_.wait_for_port(port_, kStartLimit);
}

}  // namespace ducat::broker::testing
