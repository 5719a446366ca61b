// Tables whose sync has failed, from the failure to the start that makes them again.
#include "kernel/engine/engine_host.h"

#include <future>

#include "base/fault_point.h"
#include "kernel/engine/testing/counter_server.h"

namespace ducat::kernel::testing {
namespace {

// An engine host over counters, on files.
class Host {
 public:
  explicit Host(SqliteBackend& backend) {
    EngineHostOptions options;
    options.name = "counters";
    options.journal = backend.target("counters", true);
    options.tables = backend.target("counters", false);
    options.engine.lease.holder = "test";
    options.checkpoint_interval = Duration::millis(5);
    host_ = std::make_unique<EngineHost>(model_, options, threads_, clock_, *timers_);
    Status started = host_->start();
    EXPECT_TRUE(started.has_value()) << started.error().message;
  }
  ~Host() {
    host_->stop();
    threads_.upkeep.stop();
    threads_.readers.stop();
    timers_.reset();
    home_.stop();
  }

  int64_t add(int64_t amount) {
    std::promise<int64_t> result;
    start(run(amount), [&](int64_t value) { result.set_value(value); });
    return result.get_future().get();
  }
  EngineHost& operator*() { return *host_; }

 private:
  Task<int64_t> run(int64_t amount) {
    Adds submission(home_);
    submission.adds.push_back(Server::one(1, amount));
    co_await host_->engine().submit(submission);
    co_return submission.adds[0].result;
  }

  SystemClock clock_;
  std::unique_ptr<ThreadTimers> timers_ = std::make_unique<ThreadTimers>();
  ServiceThreads threads_;
  CounterModel model_;
  ThreadExecutor home_{"home"};
  std::unique_ptr<EngineHost> host_;
};

class DoubtfulTables : public ::testing::Test {
 protected:
  // What a power cut may do to tables whose log was not synced.
  void damage() {
    auto tables = backend_.open("counters", false);
    auto connection = tables->connect(storage::Access::kWriter);
    ASSERT_DONE(connection);
    ASSERT_DONE((*connection)->execute("UPDATE counters SET value = 1000"));
  }
  SqliteBackend backend_;
};

TEST_F(DoubtfulTables, AreMadeAgainByTheNextStart) {
  {
    Host host(backend_);
    EXPECT_EQ(host.add(5), 5);
    EXPECT_EQ((*host).stats().trouble, "");
    {
      ArmedFault unsynced("storage.checkpoint", [] { return Status(fail(Errc::kIo, "not synced")); });
      ASSERT_TRUE(eventually([&] { return (*host).tables().in_doubt(); }));
    }
    EXPECT_NE((*host).stats().trouble, "");
    EXPECT_EQ(host.add(2), 7) << "it serves on";
  }
  damage();
  {
    Host host(backend_);
    EXPECT_EQ(host.add(0), 7);
    EXPECT_EQ((*host).stats().trouble, "");
  }
  damage();
  Host host(backend_);
  EXPECT_EQ(host.add(0), 1000) << "tables that are not in doubt are believed";
}

}  // namespace
}  // namespace ducat::kernel::testing
