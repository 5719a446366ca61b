// A member of a consumer group: hands out messages up to a limit, and commits for each partition the lowest
// offset that is not acknowledged.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "platform/broker/delivery_outlet.h"
#include "platform/broker/kafka/kafka.h"
#include "platform/broker/kafka/library.h"

namespace ducat::broker::kafka {

// From its construction to its destruction, which commits what is acknowledged and leaves the group.
// Thread-safe.
class GroupMember final : public Subscription {
 public:
  static Result<std::unique_ptr<GroupMember>> join(const KafkaOptions& options, const std::string& servers,
                                                   SubscriptionOptions subscription, Executor& executor,
                                                   OnDeliveries on_deliveries,
                                                   std::atomic<uint64_t>& delivered);
  ~GroupMember() override;
  void acknowledge(uint64_t tag) override;
  void reject(uint64_t tag) override;

 private:
  GroupMember(SubscriptionOptions subscription, Executor& executor, OnDeliveries on_deliveries,
              std::atomic<uint64_t>& delivered);

  // A message from when it comes until it is acknowledged.
  struct Held {
    MessageHandle message;
    uint64_t attempt = 1;
  };
  // What of a partition is under way, ascending: the first that is not acknowledged is where a successor
  // begins.
  struct Partition {
    std::deque<std::pair<int64_t, bool>> offsets;  // and whether it is acknowledged
    int64_t next = -1;                             // to commit; -1: nothing is new
  };

  void run();
  void on_rebalance(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions);
  void take(MessageHandle message);
  void hand_out(uint64_t tag, const Held& held);
  void hand_out_waiting();
  void hand_out_rejected();
  void settle(int32_t partition, int64_t offset);
  bool wait_for_room();
  void limit(bool room);
  void poll();
  void commit(bool wait);
  bool wanted(const rd_kafka_message_t& message) const;

  const SubscriptionOptions subscription_;
  const std::shared_ptr<DeliveryOutlet> outlet_;
  std::atomic<uint64_t>& delivered_;
  Client client_;
  std::atomic<bool> stopping_{false};
  bool paused_ = false;  // the thread's own
  Timestamp had_room_;
  Timestamp last_commit_;

  std::mutex mutex_;
  std::condition_variable room_;             // or something was rejected
  std::unordered_map<uint64_t, Held> held_;  // by tag
  std::deque<MessageHandle> waiting_;        // fetched, and no room for them yet
  std::map<int32_t, Partition> partitions_;
  std::vector<uint64_t> rejected_;
  uint64_t next_tag_ = 1;
  std::unique_ptr<ThreadExecutor> thread_;
};

}  // namespace ducat::broker::kafka
