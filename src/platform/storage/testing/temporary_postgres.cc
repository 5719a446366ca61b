// initdb and postgres as children, without a shell and without pg_ctl.
#include "platform/storage/testing/temporary_postgres.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/check.h"
#include "base/system.h"
#include "platform/storage/concat.h"

namespace ducat::storage {
namespace {

constexpr Duration kStartTimeout = Duration::seconds(60);
constexpr int kStartAttempts = 5;  // somebody may take the port between finding it and using it

// The newest installed server's programs: $DUCAT_POSTGRES_BIN, Debian's place, or the path.
std::string find_programs() {
  std::vector<std::string> places;
  if (const char* given = getenv("DUCAT_POSTGRES_BIN")) places.emplace_back(given);
  std::error_code error;
  std::filesystem::path newest;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", error)) {
    if (newest.empty() || atoi(entry.path().filename().c_str()) > atoi(newest.filename().c_str()))
      newest = entry.path();
  }
  if (!newest.empty()) places.push_back((newest / "bin").string());
  std::istringstream path(getenv("PATH") == nullptr ? "" : getenv("PATH"));
  for (std::string place; std::getline(path, place, ':');) places.push_back(place);
  for (const std::string& place : places) {
    if (access((place + "/postgres").c_str(), X_OK) == 0 && access((place + "/initdb").c_str(), X_OK) == 0)
      return place;
  }
  return {};
}

// Whom the server runs as when we are root.
const passwd* unprivileged_user() {
  const passwd* user = getpwnam("postgres");
  return user != nullptr ? user : getpwnam("nobody");
}

// In the child: becomes the unprivileged user, dies with its parent, writes to the log. Only
// async-signal-safe calls, because the parent may have threads.
[[noreturn]] void become(const std::vector<char*>& arguments, const char* log, uid_t uid, gid_t gid,
                         bool root) {
  int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0666);
  int in = open("/dev/null", O_RDONLY);
  if (out < 0 || in < 0) _exit(125);
  dup2(in, 0);
  dup2(out, 1);
  dup2(out, 2);
  if (root && (setgroups(0, nullptr) != 0 || setgid(gid) != 0 || setuid(uid) != 0)) _exit(126);
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  execv(arguments[0], arguments.data());
  _exit(127);
}

Result<pid_t> spawn(const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  bool root = geteuid() == 0;
  const passwd* user = root ? unprivileged_user() : nullptr;
  if (root && user == nullptr) return fail(Errc::kIo, "no unprivileged user to run PostgreSQL as");
  uid_t uid = root ? user->pw_uid : 0;
  gid_t gid = root ? user->pw_gid : 0;
  pid_t child = fork();
  if (child < 0) return fail(Errc::kIo, concat("fork: ", std::strerror(errno)));
  if (child == 0) become(arguments, log.c_str(), uid, gid, root);
  return child;
}

// A port that nobody listens on now.
uint16_t free_port() {
  int socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  bool bound =
      socket_fd >= 0 && bind(socket_fd, generic, size) == 0 && getsockname(socket_fd, generic, &size) == 0;
  DUCAT_CHECK(bound, "a test needs a free port");
  close(socket_fd);
  return ntohs(address.sin_port);
}

// A server that is killed leaves its children running for a moment, which a machine that loses power does
// not: they are killed too. The answer is a pidfd for each, readable when it has ended.
std::vector<int> kill_children(pid_t server) {
  std::vector<int> killed;
  std::ifstream list(concat("/proc/", server, "/task/", server, "/children"));
  for (pid_t child = 0; list >> child;) {
    int watched = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
    if (watched < 0) continue;  // it has ended by itself
    kill(child, SIGKILL);
    killed.push_back(watched);
  }
  return killed;
}

std::string tail_of(const std::string& log) {
  std::ifstream file(log);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  return text.size() > 2000 ? text.substr(text.size() - 2000) : text;
}

}  // namespace

std::string TemporaryPostgres::missing() {
  if (find_programs().empty()) return "PostgreSQL's server programs are not installed";
  if (geteuid() == 0 && unprivileged_user() == nullptr)
    return "PostgreSQL does not run as root and there is no other user";
  return {};
}

bool TemporaryPostgres::required() {
  const char* ci = getenv("CI");
  return ci != nullptr && std::string_view(ci) == "true";
}

Result<std::unique_ptr<TemporaryPostgres>> TemporaryPostgres::start(const Options& options) {
  if (std::string why = missing(); !why.empty()) return fail(Errc::kNotFound, why);
  std::unique_ptr<TemporaryPostgres> server(new TemporaryPostgres(options));
  DUCAT_TRY(server->make_cluster());
  Status started;
  for (int attempt = 0; attempt < kStartAttempts; attempt++) {
    server->port_ = free_port();
    started = server->restart();
    if (started) return server;
  }
  return propagate(started);
}

TemporaryPostgres::~TemporaryPostgres() {
  stop(Stop::kImmediate);
}

std::string TemporaryPostgres::url(std::string_view database) const {
  return concat("postgresql://ducat@127.0.0.1:", port_, "/", database);
}

Status TemporaryPostgres::make_cluster() {
  if (geteuid() == 0) {
    const passwd* user = unprivileged_user();
    if (chown(directory_.path().c_str(), user->pw_uid, user->pw_gid) != 0) {
      return fail(Errc::kIo, concat("chown: ", std::strerror(errno)));
    }
  }
  std::string log = directory_.file("initdb.log");
  DUCAT_ASSIGN(pid_t child,
               spawn({find_programs() + "/initdb", "-D", directory_.file("data"), "-U", "ducat", "-A",
                      "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"},
                     log));
  int status = 0;
  if (waitpid(child, &status, 0) != child || status != 0)
    return fail(Errc::kIo, "initdb failed: " + tail_of(log));
  return {};
}

Status TemporaryPostgres::launch() {
  std::vector<std::string> command = {find_programs() + "/postgres", "-D", directory_.file("data"), "-p",
                                      std::to_string(port_)};
  std::vector<std::string> settings = {"listen_addresses=127.0.0.1", "unix_socket_directories=",
                                       concat("fsync=", options_.fsync ? "on" : "off"), "max_connections=60",
                                       "shared_buffers=64MB"};
  settings.insert(settings.end(), options_.settings.begin(), options_.settings.end());
  for (const std::string& setting : settings) {
    command.emplace_back("-c");
    command.push_back(setting);
  }
  DUCAT_ASSIGN(server_, spawn(command, directory_.file("postgres.log")));
  return {};
}

Status TemporaryPostgres::wait_until_ready() {
  SystemClock clock;
  Timestamp deadline = clock.monotonic() + kStartTimeout;
  std::string url_text = url() + "?connect_timeout=5";
  while (clock.monotonic() < deadline) {
    if (waitpid(server_, nullptr, WNOHANG) == server_) {
      server_ = -1;
      return fail(Errc::kIo, "postgres ended: " + tail_of(directory_.file("postgres.log")));
    }
    if (PQping(url_text.c_str()) == PQPING_OK) return {};
    timespec moment{0, 20'000'000};  // the server has no way to tell us
    nanosleep(&moment, nullptr);
  }
  stop(Stop::kImmediate);
  return fail(Errc::kTimeout, "postgres did not start: " + tail_of(directory_.file("postgres.log")));
}

Status TemporaryPostgres::restart() {
  stop(Stop::kFast);
  // After a kill the old server's children may hold its memory for a moment; the server then refuses to
  // start.
  Status ready;
  for (int attempt = 0; attempt < kStartAttempts; attempt++) {
    DUCAT_TRY(launch());
    ready = wait_until_ready();
    if (ready) return ready;
  }
  return ready;
}

void TemporaryPostgres::stop(Stop how) {
  if (server_ <= 0) return;
  std::vector<int> sessions;
  if (how == Stop::kKill) sessions = kill_children(server_);
  kill(server_, how == Stop::kFast ? SIGINT : how == Stop::kImmediate ? SIGQUIT : SIGKILL);
  waitpid(server_, nullptr, 0);
  server_ = -1;
  for (int session : sessions) {
    pollfd gone{session, POLLIN, 0};
    poll(&gone, 1, 10'000);
    close(session);
  }
}

}  // namespace ducat::storage
