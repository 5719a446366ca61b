// Orders that another process leaves in the broker's database.
#include "platform/broker/embedded/redrive_desk.h"

#include "base/testing/done.h"
#include "platform/broker/dead_letters.h"
#include "platform/broker/embedded/embedded_fixture.h"
#include "platform/broker/testing/broker_fixture.h"

namespace ducat::broker::testing {
namespace {

class RedriveDeskTest : public ::testing::Test {
 protected:
  RedriveDeskTest() {
    target_.path = directory_.file("broker.db");
    target_.durable = false;
    broker_ = make_embedded(database(), clock_, timers_);
    EXPECT_TRUE(broker_->start().has_value());
  }
  ~RedriveDeskTest() override { broker_->stop(); }

  std::unique_ptr<storage::Database> database() { return std::move(*storage::open(target_)); }
  // Puts messages aside for the group "g".
  void put_aside(int count) {
    ASSERT_DONE(broker_->declare(dead_stream("g")));
    std::vector<Message> letters;
    for (int i = 0; i < count; ++i) {
      Message message;
      message.stream = "orders";
      message.type = "orders.placed";
      message.id = "m" + std::to_string(i);
      message.body = "{}";
      letters.push_back(make_dead_letter(message, "g", {Errc::kInvalid, "why not"}, 1, clock_.now()));
    }
    std::promise<Status> published;
    broker_->publish(std::move(letters), executor_,
                     [&published](Status status) { published.set_value(std::move(status)); });
    ASSERT_DONE(published.get_future().get());
  }
  Result<uint64_t> order(uint64_t limit = 1000, Duration taken_within = Duration::seconds(20)) {
    auto asked = database();
    return order_redrive(*asked, {.group = "g", .limit = limit, .taken_within = taken_within}, clock_,
                         random_);
  }
  int64_t orders_left() {
    int64_t left = -1;
    auto asked = database();
    EXPECT_TRUE((*asked->connect(storage::Access::kReader))
                    ->query("SELECT count(*) FROM broker_redrive_orders", {},
                            [&](const storage::Row& row) { left = row.int64(0); })
                    .has_value());
    return left;
  }

  storage::TemporaryDirectory directory_;
  storage::StorageTarget target_;
  SystemClock clock_;
  SystemRandom random_;
  ThreadTimers timers_;
  ThreadExecutor executor_{"test"};
  std::unique_ptr<Broker> broker_;
};

TEST_F(RedriveDeskTest, CarriesOutWhatIsOrderedWhileTheBrokerRuns) {
  put_aside(30);
  RedriveDesk desk(*broker_, database(), Duration::millis(5));
  ASSERT_DONE(desk.start());
  ASSERT_DONE(broker_->declare(retry_stream("g")));  // as a consumer of the group does
  Inbox retried(*broker_, {retry_stream("g").name, {}, "g", 64}, Inbox::Mode::kAcknowledge,
                Duration::seconds(20));
  auto some = order(10);
  ASSERT_DONE(some);
  EXPECT_EQ(*some, 10u);
  auto rest = order();
  ASSERT_DONE(rest);
  EXPECT_EQ(*rest, 20u);
  EXPECT_TRUE(retried.wait_for(30));
  retried.close();
  EXPECT_EQ(*order(), 0u);
  EXPECT_EQ(orders_left(), 0);
}

TEST_F(RedriveDeskTest, AnOrderNobodyTakesIsWithdrawn) {
  put_aside(1);
  EXPECT_FAILS(order(10, Duration::millis(1)), Errc::kUnavailable);
  EXPECT_EQ(orders_left(), 0);
  RedriveDesk desk(*broker_, database(), Duration::millis(5));
  ASSERT_DONE(desk.start());
  auto moved = order();
  ASSERT_DONE(moved);
  EXPECT_EQ(*moved, 1u) << "nothing of the first order was carried out";
}

TEST_F(RedriveDeskTest, AGroupThatNeverHadAnyIsAnError) {
  RedriveDesk desk(*broker_, database(), Duration::millis(5));
  ASSERT_DONE(desk.start());
  auto moved = order();
  ASSERT_FALSE(moved);
  EXPECT_NE(moved.error().message.find("g.dlq"), std::string::npos) << moved.error().message;
}

}  // namespace
}  // namespace ducat::broker::testing
