// Redriving while the server runs. The groups of in-process delivery live in one process, so another one must
// not move their messages; it leaves an order in the broker's database instead, and the process that has the
// groups carries it out. Whoever may write the database may order: there is no route to guard.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/random.h"
#include "base/time.h"
#include "platform/broker/broker.h"
#include "platform/storage/database.h"

namespace ducat::broker {

struct RedriveOrder {
  std::string group;
  uint64_t limit = 1000;
  Duration taken_within = Duration::seconds(10);  // by a server, else the order is withdrawn
  Duration done_within = Duration::seconds(300);  // after that it is not known what becomes of it
};

// Orders and waits: how many messages were moved. kUnavailable: no server has taken the order, nothing will
// happen; kTimeout: it is still under way; kNotFound: the database was never a broker's, or the server was
// started anew meanwhile; else the error that redriving had. Blocks.
Result<uint64_t> order_redrive(storage::Database& database, const RedriveOrder& order, Clock& clock,
                               Random& random);

// Carries orders out, one at a time, on a thread of its own. The broker outlives it and is started before.
class RedriveDesk {
 public:
  RedriveDesk(Broker& broker, std::unique_ptr<storage::Database> database,
              Duration interval = Duration::millis(500));
  ~RedriveDesk() { stop(); }

  // Drops what an earlier process has left half done: it is to be ordered again. Then looks for orders.
  Status start();
  // Ends what is under way at the next message; blocks until then.
  void stop();

 private:
  void run();
  Status take_one();

  Broker& broker_;
  const std::unique_ptr<storage::Database> database_;
  const Duration interval_;
  std::unique_ptr<storage::Connection> connection_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace ducat::broker
