// See server_process.h. The child leads a process group, so that what it starts ends with it.
#include "platform/broker/testing/server_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <sstream>

#include "base/check.h"
#include "base/system.h"

namespace ducat::broker::testing {
namespace {

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

bool somebody_listens(uint16_t port) {
  int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(port);
  bool connected = connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  close(descriptor);
  return connected;
}

// Only async-signal-safe calls, because the parent may have threads.
[[noreturn]] void become(char* const* arguments, char* const* environment, const char* log) {
  int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0666);
  int in = open("/dev/null", O_RDONLY);
  if (out < 0 || in < 0) _exit(125);
  dup2(in, 0);
  dup2(out, 1);
  dup2(out, 2);
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  execve(arguments[0], arguments, environment);
  _exit(127);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace

std::string find_program(const std::string& name) {
  const char* path = getenv("PATH");
  std::istringstream places(std::string(path == nullptr ? "" : path) + ":/usr/sbin:/usr/lib/rabbitmq/bin");
  for (std::string place; std::getline(places, place, ':');) {
    if (!place.empty() && access((place + "/" + name).c_str(), X_OK) == 0) return place + "/" + name;
  }
  return {};
}

uint16_t free_port() {
  int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  bool bound =
      descriptor >= 0 && bind(descriptor, generic, size) == 0 && getsockname(descriptor, generic, &size) == 0;
  DUCAT_CHECK(bound, "a test needs a free port");
  close(descriptor);
  return ntohs(address.sin_port);
}

std::string tail_of(const std::string& name) {
  std::ifstream file(name);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  return text.size() > 2000 ? text.substr(text.size() - 2000) : text;
}

Status ServerProcess::start(const std::vector<std::string>& command,
                            const std::vector<std::string>& environment, const std::string& log) {
  DUCAT_CHECK(child_ < 0, "a server is started once at a time");
  std::vector<std::string> variables = environment;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.emplace_back(*variable);
  std::vector<char*> arguments = pointers(command);
  std::vector<char*> all = pointers(variables);
  log_ = log;
  pid_t child = fork();
  if (child < 0) return fail(Errc::kIo, std::string("fork: ") + std::strerror(errno));
  if (child == 0) become(arguments.data(), all.data(), log.c_str());
  setpgid(child, child);  // in either process, whichever comes first
  child_ = child;
  return {};
}

bool ServerProcess::running() {
  if (child_ <= 0) return false;
  if (waitpid(child_, nullptr, WNOHANG) != child_) return true;
  ::kill(-child_, SIGKILL);
  child_ = -1;
  return false;
}

void ServerProcess::kill() {
  if (child_ <= 0) return;
  ::kill(-child_, SIGKILL);
  waitpid(child_, nullptr, 0);
  child_ = -1;
}

void ServerProcess::terminate(Duration limit) {
  if (child_ <= 0) return;
  int watched = static_cast<int>(syscall(SYS_pidfd_open, child_, 0));
  ::kill(child_, SIGTERM);
  pollfd ended{watched, POLLIN, 0};
  poll(&ended, 1, static_cast<int>(limit.micros / 1000));
  close(watched);
  kill();
}

Status ServerProcess::wait_for_port(uint16_t port, Duration limit) {
  SystemClock clock;
  Timestamp give_up = clock.monotonic() + limit;
  while (clock.monotonic() < give_up) {
    if (!running()) return fail(Errc::kIo, "the server ended: " + tail_of(log_));
    if (somebody_listens(port)) return {};
    timespec moment{0, 10'000'000};  // the server has no way to tell us
    nanosleep(&moment, nullptr);
  }
  return fail(Errc::kTimeout, "the server did not start: " + tail_of(log_));
}

}  // namespace ducat::broker::testing
