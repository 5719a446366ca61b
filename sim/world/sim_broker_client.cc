// See sim_broker_client.h.
#include "sim/world/sim_broker_client.h"

#include "base/check.h"
#include "platform/broker/source_publisher.h"

namespace ducat::sim {
namespace {

// Where a publisher works. Its `stop` blocks until its executor has run what it posts, which a simulated one
// does not do meanwhile: from `run_at_once` on, it does.
class PublishLane final : public Executor, public Timers {
 public:
  PublishLane(SimScheduler& scheduler, const std::string& process)
      : scheduler_(scheduler), lane_(scheduler.executor(process + ".publish")) {}
  void run_at_once() { at_once_ = true; }

  void post(Work work) override { at_once_ ? work() : lane_.post(std::move(work)); }
  Id after(Duration delay, Executor&, Work work) override {
    return scheduler_.after(delay, lane_, std::move(work));
  }
  bool cancel(Id id) override { return scheduler_.cancel(id); }

 private:
  SimScheduler& scheduler_;
  Executor& lane_;
  bool at_once_ = false;
};

class SimSubscription final : public broker::Subscription {
 public:
  SimSubscription(SimBroker& broker, std::string stream, std::string group, SimBroker::Session session)
      : broker_(broker), stream_(std::move(stream)), group_(std::move(group)), session_(std::move(session)) {}
  ~SimSubscription() override { broker_.leave(stream_, group_, session_); }

  void acknowledge(uint64_t tag) override { broker_.acknowledge(stream_, group_, session_, tag); }
  void reject(uint64_t tag) override { broker_.reject(stream_, group_, session_, tag); }

 private:
  SimBroker& broker_;
  const std::string stream_, group_;
  const SimBroker::Session session_;
};

}  // namespace

struct SimBrokerClient::Feed {
  Feed(World& world, const std::string& process, const std::string& stream, broker::Source& source,
       broker::PublishBatch publish)
      : lane(world.scheduler(), process),
        publisher(stream, source, lane, lane, std::move(publish), {.stop_limit = {}}) {}
  PublishLane lane;
  broker::SourcePublisher publisher;
};

SimBrokerClient::SimBrokerClient(World& world, SimBroker& broker, std::string process)
    : world_(world),
      broker_(broker),
      session_(std::make_shared<SimSession>(SimSession{std::move(process), true})) {}

SimBrokerClient::~SimBrokerClient() {
  DUCAT_CHECK(!session_->alive, "a simulated process is disconnected before it goes");
}

void SimBrokerClient::disconnect() {
  if (!session_->alive) return;
  for (auto& feed : feeds_) {
    feed->lane.run_at_once();
    feed->publisher.stop();
  }
  broker_.end(session_);
}

void SimBrokerClient::publish(std::vector<broker::Message> messages, Executor& executor,
                              broker::OnPublished done) {
  auto told = [&executor, done = std::move(done)](Status status) mutable {
    executor.post(
        [done = std::move(done), status = std::move(status)]() mutable { done(std::move(status)); });
  };
  broker_.publish(session_, std::move(messages), std::move(told));
}

Status SimBrokerClient::feed(const std::string& stream, broker::Source& source) {
  auto publish = [this](broker::Batch batch, std::function<void(Status)> done) {
    if (confirms_when_sent_) {
      done({});
      done = [](Status) {};
    }
    broker_.publish(session_, *batch, std::move(done));
  };
  feeds_.push_back(std::make_unique<Feed>(world_, session_->process, stream, source, std::move(publish)));
  return feeds_.back()->publisher.start();
}

Result<std::unique_ptr<broker::Subscription>> SimBrokerClient::subscribe(broker::SubscriptionOptions options,
                                                                         Executor& executor,
                                                                         broker::OnDeliveries on_deliveries) {
  std::string stream = options.stream, group = options.group;
  DUCAT_TRY(broker_.join(options, session_, executor, std::move(on_deliveries)));
  return std::make_unique<SimSubscription>(broker_, std::move(stream), std::move(group), session_);
}

size_t SimBrokerClient::unpublished() const {
  size_t messages = 0;
  for (const auto& feed : feeds_) messages += feed->publisher.unpublished();
  return messages;
}

}  // namespace ducat::sim
