// See local_servers.h. Files of configuration are written at every start; data is made once.
#include "app/local_servers.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <sstream>

#include "base/hash.h"
#include "base/system.h"
#include "platform/config/settings.h"

namespace ducat::app {
namespace {

namespace fs = std::filesystem;

constexpr Duration kToolTime = Duration::seconds(120);

std::string error_text(const std::string& what) {
  return what + ": " + std::strerror(errno);
}

// The first place that has the program.
Result<std::string> find_program(const std::string& name, std::vector<std::string> places) {
  std::istringstream path(std::getenv("PATH") ? std::getenv("PATH") : "");
  for (std::string place; std::getline(path, place, ':');) places.push_back(place);
  places.emplace_back("/usr/sbin");
  for (const std::string& place : places) {
    std::string program = place + "/" + name;
    if (access(program.c_str(), X_OK) == 0) return program;
  }
  return fail(Errc::kNotFound, name + " is not installed; ./dev setup installs it");
}

// Debian keeps PostgreSQL's programs in a folder for each version; the newest counts.
Result<std::string> postgres_program(const std::string& name) {
  std::error_code error;
  int newest = 0;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", error)) {
    newest = std::max(newest, std::atoi(entry.path().filename().c_str()));
  }
  return find_program(name, {"/usr/lib/postgresql/" + std::to_string(newest) + "/bin"});
}

Status give_away(const std::string& path) {
  if (!is_root()) return {};
  DUCAT_ASSIGN(Unprivileged user, unprivileged_user());
  if (chown(path.c_str(), user.user, user.group) != 0) return fail(Errc::kIo, error_text(path));
  return {};
}

// With this mode whatever our umask is; also one that was there.
Status make_directory(const std::string& path, mode_t mode) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return fail(Errc::kIo, path + ": " + error.message());
  if (chmod(path.c_str(), mode) != 0) return fail(Errc::kIo, error_text(path));
  return {};
}

// A folder for one server, which belongs to whom it runs as.
Result<std::string> make_folder(const std::string& path) {
  DUCAT_TRY(make_directory(path, 0700));
  DUCAT_TRY(give_away(path));
  return path;
}

Status write_file(const std::string& path, const std::string& text) {
  int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return fail(Errc::kIo, error_text(path));
  bool whole = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (close(file) != 0 || !whole) return fail(Errc::kIo, error_text(path));
  return {};
}

// The same for a server's file.
Status write_for_server(const std::string& path, const std::string& text) {
  DUCAT_TRY(write_file(path, text));
  return give_away(path);
}

std::string local_url(const std::string& before, uint16_t port) {
  return before + "@127.0.0.1:" + std::to_string(port);
}

// Whether the servers' user could get into the folder: every folder above may be passed by anybody.
bool others_get_to(const fs::path& folder) {
  for (fs::path at = folder; at.has_relative_path(); at = at.parent_path()) {
    struct stat found {};
    if (stat(at.c_str(), &found) != 0 || !(found.st_mode & S_IXOTH)) return false;
  }
  return true;
}

}  // namespace

Result<std::string> servers_directory(const std::string& data) {
  if (!is_root()) return data;
  std::error_code error;
  fs::path whole = fs::canonical(data, error);
  if (error) return fail(Errc::kIo, data + ": " + error.message());
  // Passing through is all that is given away; what is in it has modes of its own.
  constexpr mode_t kOthersPass = 0711;
  DUCAT_TRY(make_directory(whole.string(), kOthersPass));
  if (others_get_to(whole)) return whole.string();
  const std::string shared = "/var/lib/ducat";
  std::ostringstream own;
  own << shared << "/" << std::hex << hash64(whole.string());
  DUCAT_TRY(make_directory(shared, kOthersPass));
  DUCAT_TRY(make_directory(own.str(), kOthersPass));
  return own.str();
}

Result<LocalServer> make_postgres(const std::string& directory, uint16_t port, const HearLine& line) {
  DUCAT_ASSIGN(std::string initdb, postgres_program("initdb"));
  DUCAT_ASSIGN(std::string postgres, postgres_program("postgres"));
  DUCAT_ASSIGN(std::string folder, make_folder(directory + "/postgres"));
  DUCAT_ASSIGN(std::string password, kept_secret(folder + "/password"));
  DUCAT_TRY(give_away(folder + "/password"));
  std::string data = folder + "/data";
  if (!fs::exists(data + "/PG_VERSION")) {
    ChildSpec make{.name = "initdb",
                   .command = {initdb, "-D", data, "-U", "ducat", "--auth=scram-sha-256",
                               "--pwfile=" + folder + "/password", "-E", "UTF8", "--locale=C.UTF-8",
                               "--no-instructions"},
                   .environment = config::process_environment(),
                   .unprivileged = true};
    DUCAT_TRY(run_to_end(std::move(make), kToolTime, line));
  }
  LocalServer server;
  server.port = port;
  server.spec = {
      .name = "postgres",
      .command = {postgres, "-D", data, "-p", std::to_string(port), "-c", "listen_addresses=127.0.0.1", "-c",
                  "unix_socket_directories=", "-c", "max_connections=200"},
      .environment = config::process_environment(),
      .unprivileged = true,
      .stop_signal = SIGINT,
      .death_signal = SIGQUIT};
  server.ready_text = "database system is ready to accept connections";
  server.settings = {{"storage.type", "postgres"},
                     {"storage.url", local_url("postgresql://ducat:" + password, port)}};
  server.client_environment = {"PGHOST=127.0.0.1", "PGPORT=" + std::to_string(port), "PGUSER=ducat",
                               "PGPASSWORD=" + password, "PGDATABASE=postgres"};
  return server;
}

Result<std::string> make_database(const LocalServer& postgres, const std::string& name,
                                  const HearLine& line) {
  DUCAT_ASSIGN(std::string psql, postgres_program("psql"));
  std::string base = postgres.settings.back().second;
  // \gexec runs what the query answers: nothing, when the database is there.
  std::string question = "SELECT 'CREATE DATABASE " + name +
                         "' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '" + name +
                         "') \\gexec\n";
  std::string script = fs::path(postgres.spec.command[2]).parent_path().string() + "/create.sql";
  DUCAT_TRY(write_for_server(script, question));
  ChildSpec make{.name = "psql",
                 .command = {psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", script},
                 .environment = config::process_environment(),
                 .unprivileged = true};
  make.environment.insert(make.environment.end(), postgres.client_environment.begin(),
                          postgres.client_environment.end());
  DUCAT_TRY(run_to_end(std::move(make), kToolTime, line));
  return base + "/" + name;
}

Result<LocalServer> make_nats(const std::string& directory, uint16_t port) {
  DUCAT_ASSIGN(std::string program, find_program("nats-server", {}));
  DUCAT_ASSIGN(std::string folder, make_folder(directory + "/nats"));
  DUCAT_ASSIGN(std::string token, kept_secret(folder + "/token"));
  std::string file = folder + "/nats.conf";
  DUCAT_TRY(write_for_server(file, "listen: \"127.0.0.1:" + std::to_string(port) +
                                       "\"\nserver_name: \"ducat\"\nauthorization { token: \"" + token +
                                       "\" }\njetstream { store_dir: \"" + folder +
                                       "/data\", max_mem: 256MB, max_file: 64GB }\n"));
  LocalServer server;
  server.port = port;
  server.spec = {.name = "nats",
                 .command = {program, "-c", file},
                 .environment = config::process_environment(),
                 .unprivileged = true};
  server.settings = {{"broker.type", "nats"}, {"broker.url", local_url("nats://" + token, port)}};
  return server;
}

Result<LocalServer> make_redis(const std::string& directory, uint16_t port) {
  DUCAT_ASSIGN(std::string program, find_program("redis-server", {}));
  DUCAT_ASSIGN(std::string folder, make_folder(directory + "/redis"));
  DUCAT_ASSIGN(std::string password, kept_secret(folder + "/password"));
  std::string file = folder + "/redis.conf";
  DUCAT_TRY(write_for_server(
      file, "bind 127.0.0.1\nport " + std::to_string(port) + "\nrequirepass " + password + "\ndir " + folder +
                "\nsave \"\"\nappendonly no\nmaxmemory 256mb\nmaxmemory-policy allkeys-lru\n"));
  LocalServer server;
  server.port = port;
  server.spec = {.name = "redis",
                 .command = {program, file},
                 .environment = config::process_environment(),
                 .unprivileged = true};
  server.settings = {{"cache.type", "redis"}, {"cache.url", local_url("redis://:" + password, port)}};
  return server;
}

Result<std::string> kept_secret(const std::string& file) {
  std::ifstream kept(file);
  std::string secret;
  if (kept && std::getline(kept, secret) && secret.size() >= 32) return secret;
  SystemRandom random;
  std::ostringstream made;
  made << std::hex << std::setfill('0');
  for (int i = 0; i < 3; ++i) made << std::setw(16) << random.next();
  DUCAT_TRY(write_file(file, made.str() + "\n"));
  return made.str();
}

Result<std::vector<uint16_t>> free_ports(size_t count) {
  std::vector<uint16_t> ports;
  std::vector<int> sockets;  // kept until all are found, so that no port is found twice
  for (size_t i = 0; i < count; ++i) {
    int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made >= 0) sockets.push_back(made);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (made < 0 || bind(made, generic, size) != 0 || getsockname(made, generic, &size) != 0) break;
    ports.push_back(ntohs(address.sin_port));
  }
  std::string why = std::strerror(errno);
  for (int made : sockets) close(made);
  if (ports.size() < count) return fail(Errc::kIo, "no free port: " + why);
  return ports;
}

bool accepts(uint16_t port) {
  int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made < 0) return false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bool connected = connect(made, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  close(made);
  return connected;
}

}  // namespace ducat::app
