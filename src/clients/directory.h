// Where the services are: in this process, or in another one at an address of the configuration. Nothing in a
// service knows which: it asks for a way to "audit" and wraps it into that service's client.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "clients/local_invoker.h"
#include "platform/rpc/grpc/remote_service.h"
#include "platform/rpc/invoker.h"
#include "platform/runtime/executor.h"
#include "platform/telemetry/metrics.h"

namespace ducat::clients {

struct DirectoryOptions {
  std::string secret;  // the internal secret; needed only for services elsewhere
  Duration deadline = Duration::seconds(10);
};

// Filled, asked and started by one thread; then thread-safe. What it is given outlives it; the timers end
// before it is destroyed.
class Directory final : public rpc::ServiceDirectory {
 public:
  // `here`: the methods that are served in this process.
  Directory(DirectoryOptions options, const rpc::Registry& here, Clock& clock, Timers& timers);
  ~Directory() override;

  // The service runs in this process, whatever its address.
  void add_here(const std::string& service);
  // It can be reached at "host:port", or at several, of which one leads. `contracts`: its
  // services in the contracts, with their full names.
  void add_elsewhere(const std::string& service, std::vector<std::string> contracts,
                     std::vector<std::string> addresses);

  Result<rpc::Invoker*> find(std::string_view service) override;
  // Binds the methods of every service that is elsewhere (what a gateway does), and answers those services.
  std::vector<const rpc::RemoteService*> bind_elsewhere(rpc::Registry& registry);

  // Connects to what has been asked for; whoever is not there yet may come later.
  void start(metrics::Registry& metrics);
  // Ends calls to other processes (with 503) and waits until they have ended.
  void stop();

 private:
  struct Elsewhere {
    std::vector<std::string> contracts;
    std::vector<std::string> addresses;
    std::unique_ptr<rpc::RemoteService> service;  // once it is asked for
  };
  rpc::RemoteService& connect(const std::string& name, Elsewhere& place);

  const DirectoryOptions options_;
  Clock& clock_;
  Timers& timers_;
  LocalInvoker local_;
  ThreadExecutor probes_{"remotes"};
  std::vector<std::string> here_;
  std::map<std::string, Elsewhere, std::less<>> elsewhere_;
  std::vector<metrics::Watch> watches_;
  bool started_ = false;
};

}  // namespace ducat::clients
