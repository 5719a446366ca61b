// See embedded.h. Three threads, each for a kind of waiting: one reads and hands out, one commits what is
// published and the positions, one moves SQLite's log into its file. All three sleep while nothing happens.
#include "platform/broker/embedded/embedded.h"

#include <atomic>
#include <map>
#include <mutex>
#include <optional>

#include "base/check.h"
#include "platform/broker/embedded/group.h"
#include "platform/broker/embedded/message_log.h"
#include "platform/broker/embedded/publisher.h"
#include "platform/telemetry/logger.h"

namespace ducat::broker {
namespace {

// The inputs of a stream and the groups that read it. Thread-safe.
class FedStream {
 public:
  FedStream(MessageLog& log, const std::string& name) : log_source_(log, name), sources_{&log_source_} {}

  void wake() {
    std::lock_guard lock(mutex_);
    for (auto& [name, entry] : groups_) entry.group->wake();
  }
  void add(Source& source) {
    {
      std::lock_guard lock(mutex_);
      for (auto& [name, entry] : groups_)
        entry.group->add_input(source, position_of(entry.positions, sources_.size()));
      sources_.push_back(&source);
    }
    // Outside the lock, which `wake` takes.
    uint64_t listener = source.listen([this] { wake(); });
    {
      std::lock_guard lock(mutex_);
      listeners_.emplace_back(&source, listener);
    }
    wake();
  }
  // The group of this name; `make` and the positions are for one that is not there yet.
  template <typename Make>
  Group& group(const std::string& name, std::map<uint64_t, uint64_t> positions, Make make) {
    std::lock_guard lock(mutex_);
    Entry& entry = groups_[name];
    if (entry.group) return *entry.group;
    entry.group = make();
    entry.positions = std::move(positions);
    for (size_t input = 0; input < sources_.size(); ++input)
      entry.group->add_input(*sources_[input], position_of(entry.positions, input));
    return *entry.group;
  }
  Group* find(const std::string& name) {
    std::lock_guard lock(mutex_);
    auto found = groups_.find(name);
    return found == groups_.end() ? nullptr : found->second.group.get();
  }
  template <typename Use>
  void each_group(Use use) {
    std::lock_guard lock(mutex_);
    for (auto& [name, entry] : groups_) use(*entry.group);
  }
  void stop() {
    std::vector<std::pair<Source*, uint64_t>> listeners;
    {
      std::lock_guard lock(mutex_);
      listeners.swap(listeners_);
    }
    for (auto& [source, listener] : listeners) source->unlisten(listener);
    each_group([](Group& group) { group.stop(); });
  }

 private:
  struct Entry {
    std::unique_ptr<Group> group;
    std::map<uint64_t, uint64_t> positions;  // at the start, also of inputs that are not fed yet
  };
  static uint64_t position_of(const std::map<uint64_t, uint64_t>& positions, size_t input) {
    auto found = positions.find(input);
    return found == positions.end() ? 0 : found->second;
  }

  LogSource log_source_;
  std::mutex mutex_;
  std::vector<Source*> sources_;
  std::vector<std::pair<Source*, uint64_t>> listeners_;
  std::map<std::string, Entry> groups_;
};

class EmbeddedSubscription final : public Subscription {
 public:
  EmbeddedSubscription(Group& group, std::shared_ptr<Member> member)
      : group_(group), member_(std::move(member)) {}
  ~EmbeddedSubscription() override { group_.leave(member_); }
  void acknowledge(uint64_t tag) override { group_.acknowledge(*member_, tag); }
  void reject(uint64_t tag) override { group_.reject(*member_, tag); }

 private:
  Group& group_;
  const std::shared_ptr<Member> member_;  // shared with deliveries on their way to its executor
};

class EmbeddedBroker final : public Broker {
 public:
  EmbeddedBroker(std::unique_ptr<storage::Database> database, Clock& clock, Timers& timers,
                 EmbeddedOptions options)
      : database_(std::move(database)),
        clock_(clock),
        timers_(timers),
        options_(options),
        log_(*database_),
        publisher_(log_, clock, write_, options.queue_bytes,
                   [this](const auto& streams) { written(streams); }) {}
  ~EmbeddedBroker() override { stop(); }

  Status start() override {
    DUCAT_TRY(log_.open());
    for (const std::string& name : log_.streams()) add_stream(name);
    started_ = true;
    schedule_retention();
    return {};
  }

  void stop() override {
    if (!started_.exchange(false)) return;
    {
      std::lock_guard lock(timer_mutex_);
      stopping_ = true;
      for (auto* timer : {&save_timer_, &retention_timer_}) {
        if (*timer) timers_.cancel(**timer);
      }
    }
    each_stream([](FedStream& stream) { stream.stop(); });
    deliver_.stop();
    write_.stop();
    save_positions();
    upkeep_.stop();
  }

  Status declare(const StreamSpec& spec) override {
    DUCAT_TRY(log_.declare(spec));
    add_stream(spec.name);
    return {};
  }

  void publish(std::vector<Message> messages, Executor& executor, OnPublished done) override {
    publisher_.publish(std::move(messages), executor, std::move(done));
  }

  Status feed(const std::string& name, Source& source) override {
    DUCAT_ASSIGN(FedStream * stream, find(name));
    stream->add(source);
    return {};
  }

  Result<std::unique_ptr<Subscription>> subscribe(SubscriptionOptions options, Executor& executor,
                                                  OnDeliveries on_deliveries) override {
    DUCAT_ASSIGN(FedStream * stream, find(options.stream));
    Group* group = stream->find(options.group);
    if (group == nullptr) {
      DUCAT_ASSIGN(auto positions, log_.positions(options.stream, options.group));
      group = &stream->group(options.group, std::move(positions), [&] {
        return std::make_unique<Group>(
            options.stream, options.group, options.types,
            GroupPorts{deliver_, timers_, delivered_, [this] { schedule_save(); }});
      });
    }
    DUCAT_ASSIGN(auto member, group->join(options, executor, std::move(on_deliveries)));
    return std::make_unique<EmbeddedSubscription>(*group, std::move(member));
  }

  BrokerHealth health() const override {
    BrokerHealth health;
    health.connected = started_;
    health.detail = database_->describe();
    health.published = publisher_.published();
    health.delivered = delivered_.load(std::memory_order_relaxed);
    std::lock_guard lock(mutex_);
    for (const auto& [name, stream] : streams_) {
      stream->each_group([&](const Group& group) {
        if (std::string trouble = group.trouble(); !trouble.empty()) health.detail = std::move(trouble);
      });
    }
    return health;
  }

 private:
  void add_stream(const std::string& name) {
    std::lock_guard lock(mutex_);
    std::unique_ptr<FedStream>& stream = streams_[name];
    if (!stream) stream = std::make_unique<FedStream>(log_, name);
  }
  // Streams stay until the end, so a pointer to one may be kept.
  Result<FedStream*> find(const std::string& name) {
    std::lock_guard lock(mutex_);
    auto found = streams_.find(name);
    if (found == streams_.end())
      return fail(Errc::kNotFound, "there is no stream " + name + ": declare it first");
    return found->second.get();
  }
  template <typename Use>
  void each_stream(Use use) {
    std::vector<FedStream*> all;
    {
      std::lock_guard lock(mutex_);
      for (auto& [name, stream] : streams_) all.push_back(stream.get());
    }
    for (FedStream* stream : all) use(*stream);
  }

  // On the write executor.
  void written(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (Result<FedStream*> stream = find(name)) (*stream)->wake();
    }
    checkpoint_if_due();
  }

  void schedule_save() {
    if (save_scheduled_.load(std::memory_order_relaxed) || save_scheduled_.exchange(true)) return;
    schedule(save_timer_, options_.save_interval, [this] {
      save_positions();
      checkpoint_if_due();
    });
  }
  void save_positions() {
    save_scheduled_ = false;  // before the positions are looked at: what moves afterwards asks again
    std::vector<std::pair<Group*, GroupPosition>> moved;
    std::vector<GroupPosition> positions;
    each_stream([&](FedStream& stream) {
      stream.each_group([&](Group& group) {
        size_t before = positions.size();
        group.collect_moved(positions);
        for (size_t i = before; i < positions.size(); ++i) moved.emplace_back(&group, positions[i]);
      });
    });
    if (positions.empty()) return;
    if (Status saved = log_.save(positions); !saved) {
      // The old positions only make repeats; the next attempt follows.
      log::warn("broker.positions_not_saved", {{"reason", saved.error().message}});
      schedule_save();
      return;
    }
    for (auto& [group, position] : moved) group->saved(position);
  }

  void schedule_retention() {
    schedule(retention_timer_, options_.retention_interval, [this] {
      if (Status done = log_.apply_retention(clock_.now()); !done)
        log::warn("broker.retention_failed", {{"reason", done.error().message}});
      schedule_retention();
    });
  }

  void schedule(std::optional<Timers::Id>& timer, Duration delay, Work work) {
    std::lock_guard lock(timer_mutex_);
    if (!stopping_) timer = timers_.after(delay, write_, std::move(work));
  }

  void checkpoint_if_due() {
    unchecked_ += log_.take_written();
    if (unchecked_ < options_.checkpoint_bytes || checking_.exchange(true)) return;
    unchecked_ = 0;
    upkeep_.post([this] {
      if (Status done = database_->checkpoint(); !done)
        log::warn("broker.checkpoint_failed", {{"reason", done.error().message}});
      checking_ = false;
    });
  }

  const std::unique_ptr<storage::Database> database_;
  Clock& clock_;
  Timers& timers_;
  const EmbeddedOptions options_;
  MessageLog log_;
  std::atomic<bool> started_{false};
  std::atomic<uint64_t> delivered_{0};
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<FedStream>> streams_;

  std::atomic<bool> save_scheduled_{false};
  std::mutex timer_mutex_;
  bool stopping_ = false;
  std::optional<Timers::Id> save_timer_, retention_timer_;
  uint64_t unchecked_ = 0;  // the write executor's
  std::atomic<bool> checking_{false};

  // Last, so that they end before what they work on.
  ThreadExecutor deliver_{"broker-deliver"};
  ThreadExecutor write_{"broker-write"};
  ThreadExecutor upkeep_{"broker-upkeep"};
  LogPublisher publisher_;
};

}  // namespace

std::unique_ptr<Broker> make_embedded(std::unique_ptr<storage::Database> database, Clock& clock,
                                      Timers& timers, EmbeddedOptions options) {
  return std::make_unique<EmbeddedBroker>(std::move(database), clock, timers, options);
}

}  // namespace ducat::broker
