// Each invariant with the bug that it must find.
#include "services/audit/domain/invariants.h"

#include <gmock/gmock.h>

#include "services/audit/domain/testing/log_world.h"

namespace ducat::audit::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PlantedBug : public ::testing::Test {
 protected:
  void SetUp() override {
    log_.run("a", Propose{entry_of(Action::kCreate, "a")});
    log_.run("b", Propose{entry_of(Action::kCreate, "b")});
    ASSERT_THAT(log_.violations, IsEmpty());
  }
  Event next(std::string_view correlation, Action action = Action::kCreate) {
    Event event{.reply = Reply::kCreated, .proposed = true};
    event.record = {log_.end.sequence + 1, log_.end.at, log_.end.hash, entry_of(action, correlation)};
    return event;
  }
  LogWorld log_;
};

TEST_F(PlantedBug, ASkippedNumber) {
  Event event = next("c");
  ++event.record.sequence;
  log_.take("c", event);
  EXPECT_THAT(log_.violations, ElementsAre("record 4 stands where 3 belongs"));
}

TEST_F(PlantedBug, ATimeThatGoesBack) {
  Event event = next("c");
  event.record.created_at = event.record.created_at - Duration::millis(1);
  log_.take("c", event);
  EXPECT_THAT(log_.violations, ElementsAre("record 3 is older than the one before"));
}

TEST_F(PlantedBug, ABrokenChain) {
  Event event = next("c");
  event.record.previous[5] ^= 1;
  log_.take("c", event);
  EXPECT_THAT(log_.violations, ElementsAre("record 3 does not name the hash of the one before"));
}

TEST_F(PlantedBug, ASecondRecordOfAProposal) {
  log_.take("a", next("a"));
  EXPECT_THAT(log_.violations, ElementsAre("record 3 is the second of its correlation and action"));
}

TEST_F(PlantedBug, AConfirmationAfterTheRollback) {
  log_.run("a", RollBack{"a", {}});
  ASSERT_THAT(log_.violations, IsEmpty());
  log_.take("a", next("a", Action::kUpdate));
  EXPECT_THAT(log_.violations, ElementsAre(HasSubstr("correlation a was rolled back")));
}

TEST_F(PlantedBug, AConfirmationOfARepeatAfterTheRollback) {
  log_.run("a", RollBack{"a", {}});
  log_.take("a",
            Event{.type = EventType::kProposalAnswered, .reply = Reply::kCreated, .correlation_id = "a"});
  EXPECT_THAT(log_.violations, ElementsAre(HasSubstr("correlation a was rolled back")));
}

TEST_F(PlantedBug, ALateRecordThatIsNotMarked) {
  log_.run("a", RollBack{"a", {}});
  Event event = next("a", Action::kUpdate);
  event.reply = Reply::kFailed;
  log_.take("a", event);
  EXPECT_THAT(log_.violations, ElementsAre(HasSubstr("record 4 is not marked")));
}

TEST_F(PlantedBug, AProposalWithoutAnAnswer) {
  Event event = next("c");
  event.reply = Reply::kNone;
  log_.take("c", event);
  EXPECT_THAT(log_.violations, ElementsAre(HasSubstr("nobody is answered")));
}

}  // namespace
}  // namespace ducat::audit::testing
