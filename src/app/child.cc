// fork, exec and pipes; see child.h. Between fork and exec only async-signal-safe calls are made.
#include "app/child.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/system.h"

namespace ducat::app {
namespace {

constexpr size_t kLongestLine = size_t{64} << 10;

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

struct Image {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  int output;
  int death_signal;
  pid_t parent;
  const Unprivileged* user;  // null: stays who we are
};

[[noreturn]] void become(const Image& image) {
  int input = open("/dev/null", O_RDONLY);
  if (input < 0 || dup2(input, 0) < 0 || dup2(image.output, 1) < 0 || dup2(image.output, 2) < 0) _exit(125);
  setpgid(0, 0);  // Ctrl-C is for the supervisor, which stops everything in order
  if (image.user &&
      (setgroups(0, nullptr) != 0 || setgid(image.user->group) != 0 || setuid(image.user->user) != 0)) {
    _exit(126);
  }
  // After the change of user, which would forget it; and the parent may be gone already.
  prctl(PR_SET_PDEATHSIG, image.death_signal);
  if (getppid() != image.parent) _exit(125);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  execve(image.arguments[0], image.arguments.data(), image.environment.data());
  constexpr char kText[] = "cannot be executed\n";
  (void)!write(2, kText, sizeof(kText) - 1);
  _exit(127);
}

}  // namespace

bool is_root() {
  return geteuid() == 0;
}

Result<Unprivileged> unprivileged_user() {
  for (const char* name : {"postgres", "nobody"}) {
    if (const passwd* user = getpwnam(name)) return Unprivileged{user->pw_uid, user->pw_gid};
  }
  return fail(Errc::kNotFound, "PostgreSQL does not run as root, and there is no user postgres or nobody");
}

Child::~Child() {
  if (running()) {
    kill();
    waitpid(pid_, nullptr, 0);
  }
  close_output();
}

void Child::close_output() {
  if (output_ >= 0) close(output_);
  output_ = -1;
}

Status Child::start() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail(Errc::kIo, std::string("pipe: ") + std::strerror(errno));
  close_output();
  output_ = ends[0];
  fcntl(output_, F_SETFL, O_NONBLOCK);
  Unprivileged user{};
  if (spec_.unprivileged && is_root()) {
    DUCAT_ASSIGN(user, unprivileged_user());
  }
  const bool changes = spec_.unprivileged && is_root();
  Image image{
      pointers_to(spec_.command), pointers_to(spec_.environment), ends[1], spec_.death_signal, getpid(),
      changes ? &user : nullptr};
  pid_ = fork();
  if (pid_ == 0) become(image);
  close(ends[1]);
  if (pid_ < 0) return fail(Errc::kIo, std::string("fork: ") + std::strerror(errno));
  return {};
}

void Child::read_lines(const std::function<void(std::string_view)>& line) {
  char buffer[16384];
  ssize_t size = 0;
  while (output_ >= 0 && (size = read(output_, buffer, sizeof(buffer))) > 0) {
    partial_.append(buffer, static_cast<size_t>(size));
    size_t begin = 0;
    for (size_t end; (end = partial_.find('\n', begin)) != std::string::npos; begin = end + 1) {
      line(std::string_view(partial_).substr(begin, end - begin));
    }
    partial_.erase(0, begin);
    if (partial_.size() < kLongestLine) continue;
    line(partial_);
    partial_.clear();
  }
  if (size == 0 && output_ >= 0) close_output();  // nobody can write into it any more
}

bool Child::ended(std::string& how) {
  int status = 0;
  if (!running() || waitpid(pid_, &status, WNOHANG) != pid_) return false;
  how = WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                            : "exit " + std::to_string(WEXITSTATUS(status));
  pid_ = -1;
  return true;
}

void Child::signal(int number) const {
  if (running()) ::kill(pid_, number);
}

void Child::kill() const {
  if (!running()) return;
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);  // before it has become a group of its own
}

Status run_to_end(ChildSpec spec, Duration limit, const std::function<void(std::string_view)>& line) {
  SystemClock clock;
  const Timestamp end = clock.monotonic() + limit;
  std::string name = spec.name, how, last;
  auto hear = [&](std::string_view text) {
    last = text;
    line(text);
  };
  Child child(std::move(spec));
  DUCAT_TRY(child.start());
  while (!child.ended(how)) {
    if (clock.monotonic() > end) return fail(Errc::kTimeout, name + " took too long");
    pollfd waiting{child.output(), POLLIN, 0};
    poll(&waiting, 1, 20);
    child.read_lines(hear);
  }
  child.read_lines(hear);
  if (how == "exit 0") return {};
  return fail(Errc::kIo, name + ": " + how + ": " + last);
}

}  // namespace ducat::app
