// A broker that does what brokers do on a bad day: it refuses publishes, stores a part of them, or stores
// them and loses the confirmation; it holds messages for long, hands them out twice, loses acknowledgements,
// goes away and comes back. What it has stored it keeps, and delivers at least once to every group
// (platform/broker/broker.h). Between keys there is no order; within a key there is, unless the plan takes
// even that away. Everything follows from the seed.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "platform/broker/broker.h"
#include "sim/world/world.h"

namespace ducat::sim {

// How bad the day is. Odds are one in so many; 0: never.
struct SimBrokerPlan {
  bool keeps_order = true;  // of a key's messages
  uint64_t refuses = 0;     // a publish, of which nothing or a part is stored
  uint64_t forgets = 0;     // the confirmation of a publish that was stored
  uint64_t repeats = 0;     // a delivery comes again later
  uint64_t loses = 0;       // an acknowledgement, so that the delivery comes again
  uint64_t delays = 0;      // a message, for up to `longest`
  Duration usual;           // at most, of every way
  Duration longest;
  Duration outage_every;  // about; zero: never
  Duration outage;        // at most

  // `longest`: so that some messages come when nobody waits for them any more.
  static SimBrokerPlan draw(Random& random, Duration longest);
};

// A process as the broker sees it, from its connecting to its end.
struct SimSession {
  std::string process;
  bool alive = true;
};

// Lives as long as its world. One thread.
class SimBroker {
 public:
  SimBroker(World& world, const SimBrokerPlan& plan);
  SimBroker(const SimBroker&) = delete;
  SimBroker& operator=(const SimBroker&) = delete;

  // A message on its way to a broker's clients is on this executor.
  Executor& executor() { return executor_; }

  using Session = std::shared_ptr<SimSession>;  // shared with what is on its way
  using Told = std::move_only_function<void(Status)>;
  // Messages of one call are stored in order, or a prefix of them. `told` is called unless the session has
  // ended by then.
  void publish(Session session, std::vector<broker::Message> messages, Told told);

  using Deliver = std::function<void(std::vector<broker::Delivery>)>;
  // The one member of the group; kConflict if there is another. Calls `deliver` on `executor`.
  Status join(const broker::SubscriptionOptions& options, Session session, Executor& executor,
              Deliver deliver);
  // The member's part of Subscription. A leaving member's unacknowledged messages are handed out again.
  void acknowledge(const std::string& stream, const std::string& group, Session session, uint64_t tag);
  void reject(const std::string& stream, const std::string& group, Session session, uint64_t tag);
  void leave(const std::string& stream, const std::string& group, const Session& session);
  // The process is gone, with all its memberships.
  void end(const Session& session);

  // No more faults from now on; what is held comes in its time.
  void heal();
  bool is_up() const { return !down_; }
  // Messages of groups that have a member and were neither acknowledged nor are on their way.
  bool idle() const;
  size_t stored(const std::string& stream) const;

 private:
  struct Member {
    broker::SubscriptionOptions options;
    Session session;
    Executor* executor;
    Deliver deliver;
  };
  struct Group {
    std::set<std::string> types;  // empty: all
    std::optional<Member> member;
    std::deque<size_t> ready;                   // in the stream
    std::map<uint64_t, size_t> in_flight;       // by tag
    std::map<std::string, Timestamp> last_due;  // by key
    size_t on_the_way = 0;
  };
  struct Stream {
    std::vector<broker::Message> log;
    std::map<std::string, Group> groups;
  };

  bool one_in(uint64_t odds) { return odds != 0 && random_.below(odds) == 0; }
  Duration draw(Duration at_most) {
    return {static_cast<int64_t>(random_.below(uint64_t(at_most.micros) + 1))};
  }
  void arrived(const Session& session, std::vector<broker::Message> messages, Told told);
  void store(broker::Message message);
  void send(const std::string& stream, const std::string& group, size_t index, bool in_order);
  void pump(const std::string& stream, const std::string& group);
  void take_back(Group& group);
  Group* group_of(const std::string& stream, const std::string& group, const Session& session);
  void next_outage();

  World& world_;
  SimBrokerPlan plan_;
  SeededRandom random_;
  Executor& executor_;
  std::map<std::string, Stream> streams_;
  uint64_t next_tag_ = 1;
  bool down_ = false;
  bool healed_ = false;
};

}  // namespace ducat::sim
