// Each invariant against a bug planted in a history that was sound: it must find it, and nothing before.
#include "services/transactions/domain/invariants.h"

#include <functional>

#include "services/transactions/domain/changes/create_transaction.h"
#include "services/transactions/domain/changes/delete_transaction.h"
#include "services/transactions/domain/changes/update_transaction.h"
#include "services/transactions/domain/outcomes.h"
#include "services/transactions/domain/testing/given.h"

namespace ducat::transactions {
namespace {

using namespace testing;

// Create, confirm, update, confirm, an update that is rolled back, a delete that is confirmed, a purge.
std::vector<Event> a_sound_history() {
  std::vector<Event> events;
  uint8_t next = 10;
  auto propose = [&](const Decision& decision) {
    events.emplace_back(*decision);
    return open_change_of(*decision);
  };
  auto confirm = [&](const OpenChange& open) {
    std::string id = "log-" + std::to_string(next++);
    events.emplace_back(*decide(&open, ConfirmChange{open.correlation, id}));
    return *open.after;
  };
  auto context = [&] {
    Context made = by("ann");
    made.correlation = {uuid(next++)};
    return made;
  };
  Transaction first =
      confirm(propose(decide(CreateTransaction{dec("1"), Currency::kUsd, {}, {}}, context())));
  Transaction second = confirm(propose(decide(&first, UpdateTransaction{.amount = dec("2")}, context())));
  OpenChange lost = propose(decide(&second, UpdateTransaction{.amount = dec("3")}, context()));
  events.emplace_back(*decide(&lost, RollBackChange{lost.correlation, "timeout"}));
  Transaction third = confirm(propose(decide(&second, DeleteTransaction{second.id, {}}, context())));
  events.emplace_back(TransactionPurged{third.id});
  return events;
}
constexpr size_t kCreateProposed = 0, kCreateConfirmed = 1, kUpdateProposed = 2, kUpdateConfirmed = 3,
                 kRolledBack = 5;

// What the invariants say of these events, by name, in order.
std::vector<std::string> found_in(const std::vector<Event>& events) {
  std::vector<std::string> found;
  auto invariants = all_invariants();
  for (const Event& event : events) {
    for (auto& invariant : invariants) {
      if (invariant->after_event(event)) found.emplace_back(invariant->name());
    }
  }
  return found;
}

::testing::AssertionResult finds(std::string_view name,
                                 const std::function<void(std::vector<Event>&)>& plant) {
  std::vector<Event> events = a_sound_history();
  plant(events);
  std::vector<std::string> found = found_in(events);
  for (const std::string& each : found) {
    if (each == name) return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << "'" << name << "' found nothing";
}

template <typename T>
T& at(std::vector<Event>& events, size_t place) {
  return std::get<T>(events[place]);
}

TransactionRef changed(const TransactionRef& transaction, const std::function<void(Transaction&)>& change) {
  Transaction copy = *transaction;
  change(copy);
  return ref(std::move(copy));
}

TEST(Invariants, FindNothingInASoundHistory) {
  EXPECT_EQ(found_in(a_sound_history()), std::vector<std::string>());
}

TEST(VisibleIsConfirmed, FindsAChangeThatNobodyProposed) {
  EXPECT_TRUE(finds("what is visible was proposed and confirmed",
                    [](auto& events) { events.erase(events.begin() + kUpdateProposed); }));
}

TEST(VisibleIsConfirmed, FindsAChangeThatIsDecidedTwice) {
  EXPECT_TRUE(finds("what is visible was proposed and confirmed",
                    [](auto& events) { events.push_back(events[kCreateConfirmed]); }));
  EXPECT_TRUE(finds("what is visible was proposed and confirmed",
                    [](auto& events) { events.push_back(events[kRolledBack]); }));
}

TEST(VisibleIsConfirmed, FindsALateConfirmationOfWhatWasRolledBack) {
  EXPECT_TRUE(finds("what is visible was proposed and confirmed", [](auto& events) {
    ChangeConfirmed late = at<ChangeConfirmed>(events, kUpdateConfirmed);
    late.correlation = at<ChangeRolledBack>(events, kRolledBack).correlation;
    events.push_back(late);
  }));
}

TEST(VisibleIsConfirmed, FindsAnAmountThatChangedOnTheWay) {
  EXPECT_TRUE(finds("what is visible was proposed and confirmed", [](auto& events) {
    auto& confirmed = at<ChangeConfirmed>(events, kCreateConfirmed);
    confirmed.after = changed(confirmed.after, [](Transaction& t) { t.amount.minor += 1; });
  }));
}

TEST(VersionsWithoutGaps, FindsAVersionThatIsLeftOut) {
  EXPECT_TRUE(finds("versions have no gaps", [](auto& events) {
    for (size_t place : {kUpdateProposed, kUpdateConfirmed}) {
      if (place == kUpdateProposed) {
        auto& proposed = at<ChangeProposed>(events, place);
        proposed.after = changed(proposed.after, [](Transaction& t) { t.version = 3; });
      } else {
        auto& confirmed = at<ChangeConfirmed>(events, place);
        confirmed.after = changed(confirmed.after, [](Transaction& t) { t.version = 3; });
      }
    }
  }));
}

TEST(VersionsWithoutGaps, FindsAChangeOfSomethingElseThanTheNewest) {
  EXPECT_TRUE(finds("versions have no gaps", [](auto& events) {
    auto& proposed = at<ChangeProposed>(events, kUpdateProposed);
    proposed.before = changed(proposed.before, [](Transaction& t) { t.amount.minor += 1; });
  }));
}

TEST(OneOpenProposal, FindsASecondOne) {
  EXPECT_TRUE(finds("one open proposal for each transaction", [](auto& events) {
    ChangeProposed second = at<ChangeProposed>(events, kUpdateProposed);
    second.correlation = {uuid(99)};
    events.insert(events.begin() + kUpdateConfirmed, second);
  }));
}

TEST(EveryVersionIsAudited, FindsOneWithoutARecord) {
  EXPECT_TRUE(finds("every version is audited", [](auto& events) {
    at<ChangeConfirmed>(events, kUpdateConfirmed).audit_log_id.clear();
  }));
}

TEST(EveryVersionIsAudited, FindsARecordThatStandsForTwoVersions) {
  EXPECT_TRUE(finds("every version is audited", [](auto& events) {
    at<ChangeConfirmed>(events, kUpdateConfirmed).audit_log_id =
        at<ChangeConfirmed>(events, kCreateConfirmed).audit_log_id;
  }));
}

TEST(Invariants, KnowWhichEventIsWhich) {
  std::vector<Event> events = a_sound_history();
  EXPECT_EQ(at<ChangeProposed>(events, kCreateProposed).change, Change::kCreate);
  EXPECT_EQ(at<ChangeConfirmed>(events, kUpdateConfirmed).change, Change::kUpdate);
}

}  // namespace
}  // namespace ducat::transactions
