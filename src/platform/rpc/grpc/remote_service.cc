// See remote_service.h: the probes, and the three ways in (routes, calls of the dispatcher, calls by name).
#include "platform/rpc/grpc/remote_service.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>

#include "base/check.h"
#include "ducat/system/v1/system.pb.h"
#include "platform/rpc/grpc/remote_places.h"
#include "platform/telemetry/logger.h"

namespace ducat::rpc {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

const MethodDescriptor& method_of(std::string_view name) {
  const auto* method = DescriptorPool::generated_pool()->FindMethodByName(std::string(name));
  DUCAT_CHECK(method, "a method that is called is in the contracts");
  return *method;
}

}  // namespace

// Asks the other process again and again how it is, on one executor, and works the breaker.
class RemoteService::Probes {
 public:
  Probes(Channel& channel, RemotePorts ports) : channel_(channel), ports_(ports) {
    health_.detail = "not asked yet";
  }

  void start() {
    ports_.executor.post([this] { probe(); });
    std::unique_lock lock(mutex_);
    Duration limit{channel_.options.probe_timeout.micros + 1'000'000};
    changed_.wait_for(lock, std::chrono::microseconds(limit.micros), [&] { return heard_; });
  }

  // The channel has been stopped: a probe under way ends.
  void stop() {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    ports_.timers.cancel(timer_);
    // Behind this nothing of ours is left in the executor's queue.
    bool passed = false;
    ports_.executor.post([this, &passed] {
      std::lock_guard inner(mutex_);
      passed = true;
      changed_.notify_all();
    });
    changed_.wait(lock, [&] { return passed && !running_; });
  }

  // The next probe is due at once.
  void hasten() {
    std::lock_guard lock(mutex_);
    if (stopping_ || running_ || !ports_.timers.cancel(timer_)) return;
    ports_.executor.post([this] { probe(); });
  }

  Health health() const {
    std::lock_guard lock(mutex_);
    return health_;
  }

 private:
  void probe() {
    {
      std::lock_guard lock(mutex_);
      if (stopping_ || running_) return;
      running_ = true;
    }
    reply_.Clear();
    context_ = CallContext();
    context_.executor = &ports_.executor;
    context_.caller.id = "system";
    channel_.call(method_, request_, reply_, context_, channel_.options.probe_timeout,
                  [this](RemoteOutcome outcome) { hear(std::move(outcome.result)); });
  }

  void hear(std::expected<void, ApiError> result) {
    const RemoteOptions& options = channel_.options;
    std::lock_guard lock(mutex_);
    running_ = false;
    if (!stopping_) {
      if (result) {
        if (channel_.open.exchange(false)) log::info("rpc.reachable", {{"service", options.name}});
      } else if (!channel_.open.exchange(true) || !heard_) {
        log::warn("rpc.unreachable", {{"service", options.name}, {"cause", result.error().cause}});
      }
      describe(result.has_value());
      Duration pause = result ? options.probe_interval : options.probe_interval_down;
      timer_ = ports_.timers.after(pause, ports_.executor, [this] { probe(); });
    }
    heard_ = true;
    changed_.notify_all();
  }

  void describe(bool reached) {
    health_ = Health();
    if (!reached) {
      health_.detail = "not reachable";
      return;
    }
    health_.ready = reply_.status() == "ok";
    if (!health_.ready) health_.detail = "not ready";
    if (reply_.has_role()) health_.role = reply_.role() == "leading" ? Role::kLeading : Role::kFollowing;
    if (!reply_.has_journal()) return;
    health_.progress = Progress{static_cast<uint64_t>(reply_.journal().position()),
                                static_cast<uint64_t>(reply_.journal().projected())};
  }

  Channel& channel_;
  const RemotePorts ports_;
  const MethodDescriptor& method_ = method_of("ducat.system.v1.SystemService.Ready");
  // Of the probe under way; the executor's.
  system::v1::HealthRequest request_;
  system::v1::HealthReply reply_;
  CallContext context_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool running_ = false, stopping_ = false, heard_ = false;
  Timers::Id timer_ = 0;
  Health health_;
};

// A call of the dispatcher, answered elsewhere.
class RemoteService::Call final : public rpc::Call {
 public:
  Call(Places& places, const MethodDescriptor& method)
      : places_(places),
        method_(method),
        request_(make(method.input_type())),
        response_(make(method.output_type())) {}

  Message& request() override { return *request_; }
  const Message* response() const override { return result_ ? response_.get() : nullptr; }
  const ApiError& error() const override { return result_.error(); }
  void run(void (*finish)(rpc::Call&)) override {
    places_.call(method_, *request_, *response_, context, [this, finish](RemoteOutcome outcome) {
      result_ = std::move(outcome.result);
      finish(*this);
    });
  }
  void reset() override {
    request_->Clear();
    response_->Clear();
    result_ = {};
    context = CallContext();
  }

 private:
  static std::unique_ptr<Message> make(const google::protobuf::Descriptor* type) {
    const Message* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(type);
    DUCAT_CHECK(prototype, "messages of the contracts are in the binary");
    return std::unique_ptr<Message>(prototype->New());
  }

  Places& places_;
  const MethodDescriptor& method_;
  std::unique_ptr<Message> request_, response_;
  std::expected<void, ApiError> result_;
};

class RemoteService::Route final : public rpc::Route {
 public:
  Route(RoutePlan plan, Places& places) : rpc::Route(std::move(plan)), places_(places) {}

 protected:
  std::unique_ptr<rpc::Call> make() const override {
    return std::make_unique<RemoteService::Call>(places_, *plan().method);
  }

 private:
  Places& places_;
};

RemoteService::RemoteService(RemoteOptions options, RemotePorts ports)
    : places_(std::make_unique<Places>(options, ports.clock)), name_(std::move(options.name)) {
  for (auto& channel : places_->all) {
    Probes& probes = *probes_.emplace_back(std::make_unique<Probes>(*channel, ports));
    channel->on_unreachable = [&on = *channel, &probes] {
      log::warn("rpc.unreachable", {{"service", on.options.name}, {"cause", "a call broke off"}});
      probes.hasten();
    };
  }
}

RemoteService::~RemoteService() {
  stop();
}

void RemoteService::start() {
  for (auto& channel : places_->all) channel->stopped = false;
  for (auto& probes : probes_) probes->start();
}

void RemoteService::stop() {
  for (size_t i = 0; i < probes_.size(); ++i) {
    Channel& channel = *places_->all[i];
    if (channel.stopped) continue;
    channel.stop();
    probes_[i]->stop();
  }
}

void RemoteService::bind(Registry& registry, std::string_view contract) {
  const auto* service = DescriptorPool::generated_pool()->FindServiceByName(std::string(contract));
  DUCAT_CHECK(service, "a service that is bound is in the contracts");
  for (int i = 0; i < service->method_count(); ++i) {
    registry.bind_route(*service->method(i), [this](RoutePlan plan) {
      return std::make_unique<RemoteService::Route>(std::move(plan), *places_);
    });
  }
}

Task<std::expected<void, ApiError>> RemoteService::invoke(std::string_view method, const Message& request,
                                                          Message& response, CallContext& context) {
  struct Awaiter {
    Awaiter(Places& to, const MethodDescriptor& of, const Message& in, Message& out, CallContext& with)
        : places(to), method(of), request(in), response(out), context(with) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> caller) {
      places.call(method, request, response, context, [this, caller](RemoteOutcome outcome) {
        result = std::move(outcome.result);
        caller.resume();
      });
    }
    std::expected<void, ApiError> await_resume() { return std::move(result); }

    Places& places;
    const MethodDescriptor& method;
    const Message& request;
    Message& response;
    CallContext& context;
    std::expected<void, ApiError> result;
  };
  Awaiter call(*places_, method_of(method), request, response, context);
  co_return co_await call;
}

const std::string& RemoteService::name() const {
  return name_;
}

Health RemoteService::health() const {
  Health best{false, "not reachable", std::nullopt};
  for (size_t i = 0; i < probes_.size(); ++i) {
    if (places_->all[i]->open) continue;
    Health health = probes_[i]->health();
    if (health.ready >= best.ready) best = health;
    if (health.ready && health.role == Role::kLeading) break;
  }
  return best;
}

std::vector<metrics::Watch> RemoteService::watch(metrics::Registry& registry) {
  std::vector<metrics::Watch> watches;
  auto counter = [&](std::string_view metric, std::string_view help, std::atomic<uint64_t> Channel::*value) {
    watches.push_back(registry.watch_counter(metric, help, {{"service", name_}}, [this, value] {
      double sum = 0;
      for (const auto& channel : places_->all) sum += static_cast<double>((*channel.*value).load());
      return sum;
    }));
  };
  counter("ducat_remote_calls_total", "Calls sent to a service in another process", &Channel::calls);
  counter("ducat_remote_failed_total", "Of those, how many ended with 5xx", &Channel::failed);
  counter("ducat_remote_refused_total", "Calls that were not sent, because the service was not reachable",
          &Channel::refused);
  watches.push_back(registry.watch_gauge(
      "ducat_remote_up", "Whether a service in another process answers", {{"service", name_}}, [this] {
        const auto& all = places_->all;
        return std::any_of(all.begin(), all.end(), [](const auto& one) { return !one->open; }) ? 1.0 : 0.0;
      }));
  return watches;
}

}  // namespace ducat::rpc
