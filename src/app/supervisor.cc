// What is started, with which settings, in which order; see supervisor.h.
#include "app/supervisor.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "app/local_servers.h"
#include "app/modules.h"
#include "app/process_group.h"
#include "platform/storage/data_directory.h"

namespace ducat::app {
namespace {

constexpr Duration kServersStart = Duration::seconds(120);
constexpr Duration kServicesStart = Duration::seconds(120);
constexpr Duration kStop = Duration::seconds(30);

using Settings = std::map<std::string, std::string>;

int refuse(const Error& error) {
  std::fprintf(stderr, "ducat: %s\n", error.message.c_str());
  return 2;
}

std::string at_loopback(uint16_t port) {
  return "127.0.0.1:" + std::to_string(port);
}

// This environment with settings as DUCAT_* variables, which replace those there are: secrets do not show up
// in the list of processes.
std::vector<std::string> environment_with(const Settings& settings) {
  std::map<std::string, std::string> variables;
  for (const std::string& variable : config::process_environment()) {
    size_t sign = variable.find('=');
    if (sign != std::string::npos) variables[variable.substr(0, sign)] = variable.substr(sign + 1);
  }
  for (const auto& [key, value] : settings) variables[config::environment_name(key)] = value;
  std::vector<std::string> all;
  for (const auto& [name, value] : variables) all.push_back(name + "=" + value);
  return all;
}

class Supervision {
 public:
  Supervision(const SuperviseOptions& options, const config::Settings& settings, std::string directory)
      : options_(options), settings_(settings), directory_(std::move(directory)), group_(directory_) {}

  Status start() {
    DUCAT_TRY(group_.open());
    DUCAT_TRY(choose());
    DUCAT_TRY(share_secrets());
    DUCAT_TRY(start_servers());
    for (size_t i = 0; i < services_.size(); ++i) DUCAT_TRY(start_service(services_[i], i));
    DUCAT_TRY(group_.wait_until_ready(kServicesStart));
    DUCAT_TRY(start_gateway());
    return group_.wait_until_ready(kServicesStart);
  }

  // Until a signal, or until something has died too often.
  Status run() {
    while (true) {
      DUCAT_ASSIGN(bool stop, group_.work(Duration::seconds(1)));
      if (stop) return {};
    }
  }

  void stop() {
    group_.say("stopping");
    group_.stop(kStop);
  }

  const std::vector<std::string>& shown() const { return shown_; }

 private:
  Status choose() {
    DUCAT_ASSIGN(auto rows, select_modules(options_.services, {}));
    for (const ModuleRow* row : rows) {
      if (row->name != kGateway) services_.push_back(row->name);
    }
    if (services_.empty()) return fail(Errc::kInvalid, "there is nothing to run behind the gateway");
    // Of each service HTTP and gRPC; then the servers'.
    DUCAT_ASSIGN(ports_, free_ports(2 * services_.size() + 3));
    for (size_t i = 0; i < services_.size(); ++i) {
      shared_["services." + services_[i] + ".address"] = at_loopback(ports_[2 * i + 1]);
    }
    return {};
  }

  // What every process must have in common, unless the operator has given it.
  Status share_secrets() {
    if (settings_.text("rpc.internal_secret").empty()) {
      DUCAT_ASSIGN(shared_["rpc.internal_secret"], kept_secret(directory_ + "/rpc_secret"));
    }
    if (!settings_.text("auth.jwt_secret").empty()) return {};
    if (!options_.dev) {
      return fail(
          Errc::kInvalid,
          "auth.jwt_secret is not set; give DUCAT_AUTH_JWT_SECRET at least 32 characters, or use --dev");
    }
    DUCAT_ASSIGN(shared_["auth.jwt_secret"], kept_secret(directory_ + "/jwt_secret"));
    return {};
  }

  // Whether the operator has said where such a server is, or that there is none.
  bool is_given(const std::string& part) const {
    for (const char* end : {".type", ".url"}) {
      if (schema_.find(part + end) && !settings_.is_default(part + end)) return true;
    }
    return false;
  }

  Status start_servers() {
    DUCAT_ASSIGN(std::string directory, servers_directory(directory_));
    HearLine hear = [this](std::string_view line) { group_.write("setup", line); };
    const size_t first = 2 * services_.size();
    if (!is_given("storage")) {
      DUCAT_ASSIGN(postgres_, make_postgres(directory, ports_[first], hear));
      DUCAT_TRY(start_server(postgres_));
    }
    if (!is_given("broker")) {
      DUCAT_ASSIGN(LocalServer nats, make_nats(directory, ports_[first + 1]));
      DUCAT_TRY(start_server(nats));
    }
    if (!is_given("cache")) {
      DUCAT_ASSIGN(LocalServer redis, make_redis(directory, ports_[first + 2]));
      DUCAT_TRY(start_server(redis));
    }
    DUCAT_TRY(group_.wait_until_ready(kServersStart));
    return {};
  }

  Status start_server(const LocalServer& server) {
    for (const auto& [key, value] : server.settings) {
      if (schema_.find(key)) shared_[key] = value;
    }
    show(server.spec.name, at_loopback(server.port), "");
    Supervised process;
    process.child = std::make_unique<Child>(server.spec);
    process.port = server.port;
    process.address = at_loopback(server.port);
    process.ready_text = server.ready_text;
    return group_.add(std::move(process));
  }

  void show(const std::string& name, const std::string& address, const std::string& rpc) {
    char line[200];
    std::snprintf(line, sizeof(line), "  %-14s %-28s %s", name.c_str(), address.c_str(), rpc.c_str());
    shown_.emplace_back(line);
  }

  Supervised ducat(const std::string& name, const std::string& host, uint16_t port, const Settings& own) {
    Settings all = shared_;
    for (const auto& [key, value] : own) all[key] = value;
    std::vector<std::string> command = {
        "/proc/self/exe",        "run",    "--services", name,     "--data",
        directory_ + "/" + name, "--host", host,         "--port", std::to_string(port)};
    char self[4096];
    ssize_t size = readlink("/proc/self/exe", self, sizeof(self));
    if (size > 0) command[0].assign(self, static_cast<size_t>(size));
    if (options_.dev) command.emplace_back("--dev");
    const CommonOptions& common = options_.common;
    if (!common.config_file.empty()) command.insert(command.end(), {"--config", common.config_file});
    for (const std::string& set : common.set) command.insert(command.end(), {"--set", set});
    Supervised process;
    process.child = std::make_unique<Child>(
        ChildSpec{.name = name, .command = std::move(command), .environment = environment_with(all)});
    process.ready_text = "ducat is ready on ";
    process.port = port;
    process.address = host + ":" + std::to_string(port);
    return process;
  }

  Status start_service(const std::string& name, size_t index) {
    Settings own = {{"rpc.port", std::to_string(ports_[2 * index + 1])}};
    if (postgres_.port != 0) {
      HearLine hear = [this](std::string_view line) { group_.write("setup", line); };
      DUCAT_ASSIGN(own["storage.url"], make_database(postgres_, "ducat_" + name, hear));
    }
    Supervised process = ducat(name, "127.0.0.1", ports_[2 * index], own);
    process.rpc = at_loopback(ports_[2 * index + 1]);
    show(name, "http://" + process.address, "gRPC " + process.rpc);
    return group_.add(std::move(process));
  }

  Status start_gateway() {
    Supervised process = ducat(std::string(kGateway), options_.host, static_cast<uint16_t>(options_.port),
                               {{"rpc.port", "0"}});
    show(std::string(kGateway), "http://" + process.address, "");
    return group_.add(std::move(process));
  }

  const SuperviseOptions& options_;
  const config::Settings& settings_;
  const config::Schema schema_ = make_schema();
  const std::string directory_;
  ProcessGroup group_;
  std::vector<std::string> services_;
  std::vector<uint16_t> ports_;
  Settings shared_;
  LocalServer postgres_;
  std::vector<std::string> shown_;
};

}  // namespace

int supervise(const SuperviseOptions& options) {
  umask(0077);  // logs and lists are ours alone
  auto settings = load_settings(options.common);
  if (!settings) return refuse(settings.error());
  auto directory = storage::DataDirectory::open(options.common.data);
  if (!directory) return refuse(directory.error());
  Supervision supervision(options, *settings, directory->path());
  if (Status started = supervision.start(); !started) {
    supervision.stop();
    // Who asked us to stop while we started has not met an error.
    return started.error().code == Errc::kCancelled ? 0 : refuse(started.error());
  }
  // On stdout only the line that scripts wait for, as from `ducat run`.
  for (const std::string& line : supervision.shown()) std::fprintf(stderr, "%s\n", line.c_str());
  std::fprintf(stderr, "  logs           %s/ducat.log\n", directory->path().c_str());
  std::printf("ducat is ready on http://%s:%d\n", options.host.c_str(), options.port);
  std::fflush(stdout);
  Status ended = supervision.run();
  supervision.stop();
  if (!ended) std::fprintf(stderr, "ducat: %s\n", ended.error().message.c_str());
  return ended ? 0 : 1;
}

}  // namespace ducat::app
