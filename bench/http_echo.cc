// The HTTP server with nothing behind it: POST /echo answers the body. What a benchmark of a service is
// compared with: the part that belongs to sockets and parsing. Usage: http_echo [port] [io threads]
#include <signal.h>

#include <cstdio>
#include <cstdlib>

#include "platform/http/server.h"

namespace {

class Echo final : public ducat::http::Handler {
 public:
  void handle(ducat::http::Exchange& exchange) override {
    const ducat::http::Request& request = exchange.request();
    ducat::http::Response response;
    if (request.path == "/echo") {
      response.body = request.body;
    } else {
      response.status = 404;
    }
    exchange.respond(std::move(response));
  }
};

}  // namespace

int main(int argc, char** argv) {
  ducat::http::ServerOptions options;
  options.port = static_cast<uint16_t>(argc > 1 ? std::atoi(argv[1]) : 3999);
  options.io_threads = argc > 2 ? static_cast<size_t>(std::atoi(argv[2])) : 1;

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  Echo echo;
  ducat::http::Server server(options);
  if (auto started = server.start(echo); !started) {
    std::fprintf(stderr, "http_echo: %s\n", started.error().message.c_str());
    return 1;
  }
  std::printf("http_echo listens on http://127.0.0.1:%u/echo\n", server.port());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  if (auto stopped = server.stop(ducat::Duration::seconds(5)); !stopped) {
    std::fprintf(stderr, "http_echo: %s\n", stopped.error().message.c_str());
    return 1;
  }
  return 0;
}
