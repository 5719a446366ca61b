// See sim_broker.h.
#include "sim/world/sim_broker.h"

#include <algorithm>

#include "base/check.h"

namespace ducat::sim {
namespace {

constexpr Duration kRejectPause = Duration::millis(100);
constexpr size_t kDeliveredTogether = 16;

std::unexpected<Error> away() {
  return fail(Errc::kUnavailable, "the simulated broker is away");
}

}  // namespace

SimBrokerPlan SimBrokerPlan::draw(Random& random, Duration longest) {
  auto odds = [&random] {
    constexpr uint64_t kOdds[] = {0, 3, 10, 40};
    return kOdds[random.below(std::size(kOdds))];
  };
  SimBrokerPlan plan;
  plan.keeps_order = random.below(3) != 0;
  plan.refuses = odds();
  plan.forgets = odds();
  plan.repeats = odds();
  plan.loses = odds();
  plan.delays = odds();
  plan.usual = Duration::millis(random.below(2) == 0 ? 1 : 20);
  plan.longest = longest;
  plan.outage_every = Duration::millis(random.below(2) == 0 ? 0 : 2'000);
  plan.outage = longest;
  return plan;
}

SimBroker::SimBroker(World& world, const SimBrokerPlan& plan)
    : world_(world),
      plan_(plan),
      random_(world.random_for("broker")),
      executor_(world.scheduler().executor("broker")) {
  next_outage();
}

void SimBroker::next_outage() {
  if (plan_.outage_every.micros == 0) return;
  world_.scheduler().after(draw({2 * plan_.outage_every.micros}), executor_, [this] {
    if (healed_) return;
    world_.note("the broker is away");
    down_ = true;
    // Connections are lost: nobody knows what the members have handled.
    for (auto& [name, stream] : streams_) {
      for (auto& [group_name, group] : stream.groups) take_back(group);
    }
    world_.scheduler().after(draw(plan_.outage), executor_, [this] {
      down_ = false;
      world_.note("the broker is back");
      for (auto& [name, stream] : streams_) {
        for (auto& [group_name, group] : stream.groups) pump(name, group_name);
      }
      next_outage();
    });
  });
}

void SimBroker::publish(Session session, std::vector<broker::Message> messages, Told told) {
  world_.scheduler().after(
      draw(plan_.usual), executor_,
      [this, session = std::move(session), messages = std::move(messages), told = std::move(told)]() mutable {
        arrived(session, std::move(messages), std::move(told));
      });
}

// A process that has died meanwhile has sent it all the same.
void SimBroker::arrived(const Session& session, std::vector<broker::Message> messages, Told told) {
  bool refused = down_ || one_in(plan_.refuses);
  size_t stored = messages.size();
  if (refused) stored = down_ ? 0 : random_.below(messages.size() + 1);
  bool forgotten = one_in(plan_.forgets);
  world_.trace().add("broker.publish", hash64(session->process), messages.size(), stored, refused, forgotten);
  for (size_t i = 0; i < stored; ++i) store(std::move(messages[i]));
  Status answer;
  if (refused || forgotten) answer = away();
  world_.scheduler().after(draw(plan_.usual), executor_,
                           [session, told = std::move(told), answer = std::move(answer)]() mutable {
                             if (session->alive) told(std::move(answer));
                           });
}

void SimBroker::store(broker::Message message) {
  Stream& stream = streams_[message.stream];
  size_t index = stream.log.size();
  world_.trace().add("broker.store", hash64(message.stream), hash64(message.id), hash64(message.body));
  stream.log.push_back(std::move(message));
  const broker::Message& kept = stream.log.back();
  for (auto& [name, group] : stream.groups) {
    if (group.types.empty() || group.types.contains(kept.type)) send(kept.stream, name, index, true);
  }
}

// Under way to the group; with the order, not before what was sent to it of this key.
void SimBroker::send(const std::string& stream, const std::string& group, size_t index, bool in_order) {
  Group& to = streams_.at(stream).groups.at(group);
  const std::string& key = streams_.at(stream).log[index].key;
  Timestamp now = world_.scheduler().monotonic();
  Timestamp due = now + draw(one_in(plan_.delays) ? plan_.longest : plan_.usual);
  if (in_order && plan_.keeps_order) {
    Timestamp& last = to.last_due[key];
    last = due = std::max(due, last);
  }
  ++to.on_the_way;
  world_.scheduler().after(due - now, executor_, [this, stream, group, index] {
    Group& reached = streams_.at(stream).groups.at(group);
    --reached.on_the_way;
    reached.ready.push_back(index);
    pump(stream, group);
  });
}

void SimBroker::pump(const std::string& stream, const std::string& group) {
  Stream& from = streams_.at(stream);
  Group& to = from.groups.at(group);
  if (down_ || !to.member) return;
  while (!to.ready.empty() && to.in_flight.size() < to.member->options.max_in_flight) {
    std::vector<broker::Delivery> deliveries;
    while (!to.ready.empty() && deliveries.size() < kDeliveredTogether &&
           to.in_flight.size() < to.member->options.max_in_flight) {
      size_t index = to.ready.front();
      to.ready.pop_front();
      uint64_t tag = next_tag_++;
      to.in_flight.emplace(tag, index);
      world_.trace().add("broker.deliver", hash64(group), hash64(from.log[index].id), tag);
      deliveries.push_back({from.log[index], 1, tag});
      if (one_in(plan_.repeats)) send(stream, group, index, false);
    }
    to.member->executor->post(
        [session = to.member->session, deliver = to.member->deliver, some = std::move(deliveries)]() mutable {
          if (session->alive) deliver(std::move(some));
        });
  }
}

// What the member has not acknowledged comes again, in its order, before anything else.
void SimBroker::take_back(Group& group) {
  std::vector<size_t> open;
  for (const auto& [tag, index] : group.in_flight) open.push_back(index);
  std::sort(open.begin(), open.end());
  group.in_flight.clear();
  group.ready.insert(group.ready.begin(), open.begin(), open.end());
}

Status SimBroker::join(const broker::SubscriptionOptions& options, Session session, Executor& executor,
                       Deliver deliver) {
  Stream& stream = streams_[options.stream];
  auto [group, is_new] = stream.groups.try_emplace(options.group);
  if (group->second.member) return fail(Errc::kConflict, "the simulated broker's groups have one member");
  group->second.types = {options.types.begin(), options.types.end()};
  group->second.member = Member{options, std::move(session), &executor, std::move(deliver)};
  for (size_t i = 0; is_new && i < stream.log.size(); ++i) {
    const std::set<std::string>& types = group->second.types;
    if (types.empty() || types.contains(stream.log[i].type)) group->second.ready.push_back(i);
  }
  executor_.post([this, name = options.stream, of = options.group] { pump(name, of); });
  return {};
}

SimBroker::Group* SimBroker::group_of(const std::string& stream, const std::string& group,
                                      const Session& session) {
  Group& found = streams_.at(stream).groups.at(group);
  bool mine = session->alive && found.member && found.member->session == session;
  return mine ? &found : nullptr;
}

void SimBroker::acknowledge(const std::string& stream, const std::string& group, Session session,
                            uint64_t tag) {
  world_.scheduler().after(draw(plan_.usual), executor_, [this, stream, group, session, tag] {
    Group* from = group_of(stream, group, session);
    if (from == nullptr || down_) return;
    auto delivered = from->in_flight.find(tag);
    if (delivered == from->in_flight.end()) return;  // taken back meanwhile
    size_t index = delivered->second;
    from->in_flight.erase(delivered);
    if (one_in(plan_.loses)) send(stream, group, index, false);
    pump(stream, group);
  });
}

void SimBroker::reject(const std::string& stream, const std::string& group, Session session, uint64_t tag) {
  world_.scheduler().after(kRejectPause, executor_, [this, stream, group, session, tag] {
    Group* from = group_of(stream, group, session);
    if (from == nullptr) return;
    auto delivered = from->in_flight.extract(tag);
    if (!delivered) return;
    from->ready.push_back(delivered.mapped());
    pump(stream, group);
  });
}

void SimBroker::leave(const std::string& stream, const std::string& group, const Session& session) {
  Group* from = group_of(stream, group, session);
  if (from == nullptr) return;
  take_back(*from);
  from->member.reset();
}

void SimBroker::end(const Session& session) {
  for (auto& [name, stream] : streams_) {
    for (auto& [group_name, group] : stream.groups) leave(name, group_name, session);
  }
  session->alive = false;
}

void SimBroker::heal() {
  healed_ = true;
  plan_.refuses = plan_.forgets = plan_.repeats = plan_.loses = plan_.delays = 0;
  plan_.outage_every = {};
}

bool SimBroker::idle() const {
  for (const auto& [name, stream] : streams_) {
    for (const auto& [group_name, group] : stream.groups) {
      if (!group.ready.empty() || !group.in_flight.empty() || group.on_the_way != 0) return false;
    }
  }
  return !down_;
}

size_t SimBroker::stored(const std::string& stream) const {
  auto found = streams_.find(stream);
  return found == streams_.end() ? 0 : found->second.log.size();
}

}  // namespace ducat::sim
