// See kafka_server.h.
#include "platform/broker/testing/kafka_server.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <vector>

#include "base/system.h"

namespace ducat::broker::testing {
namespace {

constexpr const char* kJava = "/usr/bin/java";
constexpr Duration kStartLimit = Duration::seconds(90);

std::string jars() {
  const char* given = std::getenv("DUCAT_KAFKA_JARS");
  return given != nullptr ? given : DUCAT_KAFKA_JARS;
}

uint16_t free_port() {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  bool bound = bind(fd, generic, size) == 0 && getsockname(fd, generic, &size) == 0;
  close(fd);
  return bound ? ntohs(address.sin_port) : 0;
}

bool answers(uint16_t port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  bool connected = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return connected;
}

// Java with the jars; its output goes to a file.
pid_t spawn(const std::string& log, const std::vector<std::string>& words) {
  std::vector<std::string> all{kJava,
                               "-Xmx384m",
                               "-XX:+UseSerialGC",
                               "-XX:TieredStopAtLevel=1",
                               "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                               "-cp",
                               jars() + "/*"};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (std::string& word : all) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = fork();
  if (child != 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int out = ::open(log.c_str(), O_CREAT | O_APPEND | O_WRONLY, 0644);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  execv(kJava, arguments.data());
  _exit(127);
}

}  // namespace

std::string KafkaServer::missing() {
  if (access(kJava, X_OK) != 0) return "skipped: there is no Java";
  if (access((jars() + "/kafka_2.13-3.9.1.jar").c_str(), R_OK) != 0) {
    return "skipped: Kafka's jars are not in " + jars() + " (./dev test fetches them)";
  }
  return {};
}

Result<std::unique_ptr<KafkaServer>> KafkaServer::start() {
  std::unique_ptr<KafkaServer> server(new KafkaServer());
  server->port_ = free_port();
  server->controller_port_ = free_port();
  const std::string path = server->directory_.path();
  const std::string listener = "PLAINTEXT://127.0.0.1:" + std::to_string(server->port_);
  const std::string controller = "127.0.0.1:" + std::to_string(server->controller_port_);
  std::ofstream(path + "/server.properties")
      << "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@" << controller
      << "\nlisteners=" << listener << ",CONTROLLER://" << controller << "\nadvertised.listeners=" << listener
      << "\ncontroller.listener.names=CONTROLLER\n"
         "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\nlog.dirs="
      << path
      << "/data\noffsets.topic.replication.factor=1\noffsets.topic.num.partitions=4\n"
         "transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n"
         "group.initial.rebalance.delay.ms=0\nauto.create.topics.enable=false\n"
         // A node that was killed and comes back need not wait until the controller takes it for dead.
         "broker.session.timeout.ms=1500\nbroker.heartbeat.interval.ms=200\n"
         "controller.quorum.election.timeout.ms=200\ncontroller.quorum.fetch.timeout.ms=500\n"
         "controller.quorum.election.backoff.max.ms=200\ninitial.broker.registration.timeout.ms=20000\n";
  pid_t format = spawn(path + "/log", {"kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qk",
                                       "-c", path + "/server.properties"});
  int status = 0;
  if (waitpid(format, &status, 0) != format || status != 0) {
    return fail(Errc::kIo, "Kafka's storage cannot be formatted");
  }
  DUCAT_TRY(server->run());
  return server;
}

Status KafkaServer::run() {
  const std::string path = directory_.path();
  child_ = spawn(path + "/log", {"kafka.Kafka", path + "/server.properties"});
  SystemClock clock;
  for (Timestamp give_up = clock.monotonic() + kStartLimit; clock.monotonic() < give_up;) {
    if (answers(port_)) return {};
    if (waitpid(child_, nullptr, WNOHANG) == child_) {
      child_ = 0;
      return fail(Errc::kIo, "Kafka ended while it started");
    }
    std::this_thread::yield();
  }
  return fail(Errc::kTimeout, "Kafka does not start");
}

void KafkaServer::kill() {
  if (child_ <= 0) return;
  ::kill(child_, SIGKILL);
  waitpid(child_, nullptr, 0);
  child_ = 0;
}

Status KafkaServer::restart() {
  return run();
}

KafkaServer::~KafkaServer() {
  kill();
}

}  // namespace ducat::broker::testing
