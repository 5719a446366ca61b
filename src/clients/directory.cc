// See directory.h.
#include "clients/directory.h"

#include <algorithm>

#include "base/check.h"

namespace ducat::clients {

Directory::Directory(DirectoryOptions options, const rpc::Registry& here, Clock& clock, Timers& timers)
    : options_(std::move(options)), clock_(clock), timers_(timers), local_(here) {}

Directory::~Directory() {
  stop();
}

void Directory::add_here(const std::string& service) {
  here_.push_back(service);
  elsewhere_.erase(service);
}

void Directory::add_elsewhere(const std::string& service, std::vector<std::string> contracts,
                              std::vector<std::string> addresses) {
  if (std::find(here_.begin(), here_.end(), service) != here_.end()) return;
  elsewhere_[service] = {std::move(contracts), std::move(addresses), nullptr};
}

rpc::RemoteService& Directory::connect(const std::string& name, Elsewhere& place) {
  if (place.service) return *place.service;
  DUCAT_CHECK(!started_, "services are asked for before the process serves");
  rpc::RemoteOptions options;
  options.name = name;
  options.addresses = place.addresses;
  options.secret = options_.secret;
  options.deadline = options_.deadline;
  place.service =
      std::make_unique<rpc::RemoteService>(std::move(options), rpc::RemotePorts{clock_, timers_, probes_});
  return *place.service;
}

Result<rpc::Invoker*> Directory::find(std::string_view service) {
  if (std::find(here_.begin(), here_.end(), service) != here_.end()) return &local_;
  auto found = elsewhere_.find(service);
  if (found == elsewhere_.end()) {
    std::string name(service);
    return fail(Errc::kInvalid,
                "the service " + name + " is needed: run it here too, or set services." + name + ".address");
  }
  return &connect(found->first, found->second);
}

std::vector<const rpc::RemoteService*> Directory::bind_elsewhere(rpc::Registry& registry) {
  std::vector<const rpc::RemoteService*> bound;
  for (auto& [name, place] : elsewhere_) {
    rpc::RemoteService& service = connect(name, place);
    for (const std::string& contract : place.contracts) service.bind(registry, contract);
    bound.push_back(&service);
  }
  return bound;
}

void Directory::start(metrics::Registry& metrics) {
  started_ = true;
  for (auto& [name, place] : elsewhere_) {
    if (!place.service) continue;
    for (metrics::Watch& watch : place.service->watch(metrics)) watches_.push_back(std::move(watch));
    place.service->start();
  }
}

void Directory::stop() {
  watches_.clear();
  for (auto& [name, place] : elsewhere_) {
    if (place.service) place.service->stop();
  }
}

}  // namespace ducat::clients
