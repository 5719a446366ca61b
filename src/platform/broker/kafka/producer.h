// Publishing to Kafka: an idempotent, gapless producer, and another one when that has failed.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "platform/broker/kafka/kafka.h"
#include "platform/broker/kafka/library.h"
#include "platform/broker/source_publisher.h"

namespace ducat::broker::kafka {

// From `start` to `stop`, both blocking. Thread-safe.
class Producer {
 public:
  explicit Producer(const KafkaOptions& options) : options_(options) {}
  ~Producer() { stop(); }

  Status start(const std::string& servers);
  void stop();

  // `done` is called once, on the producer's thread, or at once if nothing was sent: confirmed, or why not.
  // Messages of several calls keep the order of the calls.
  void publish(Batch batch, std::function<void(Status)> done);

  bool connected() const { return connected_; }
  uint64_t confirmed() const { return confirmed_; }
  std::string trouble() const;

 private:
  // A batch under way: shared by its messages' reports.
  struct Job {
    Batch batch;
    std::function<void(Status)> done;
    size_t open = 0;
    size_t bytes = 0;
    Status status;
  };
  // What the library's callbacks reach; lives as long as its client.
  struct Session {
    Producer* producer;
    Client client;
  };

  Result<std::unique_ptr<Session>> connect();
  void run();
  void look_for_brokers(rd_kafka_t* client);
  void reported(const rd_kafka_message_t& message);
  void settle(Job* job, size_t messages, Status status);
  static rd_kafka_resp_err_t send(Session& session, Job* job, size_t index);
  void note(std::string trouble);

  const KafkaOptions& options_;
  std::string servers_;
  std::mutex mutex_;  // the session, and the order of messages
  std::unique_ptr<Session> session_;
  std::atomic<bool> broken_{false};  // the session is of no use any more
  std::atomic<bool> stopping_{false};
  std::atomic<bool> connected_{false};
  std::atomic<uint64_t> confirmed_{0};
  std::atomic<size_t> waiting_{0};
  std::atomic<size_t> waiting_bytes_{0};
  mutable std::mutex trouble_mutex_;
  std::string trouble_;
  std::unique_ptr<ThreadExecutor> thread_;
};

}  // namespace ducat::broker::kafka
