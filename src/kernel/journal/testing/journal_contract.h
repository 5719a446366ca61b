// What a journal promises on either database. Damage is planted with the append-only triggers off.
#pragma once

#include <gtest/gtest.h>

#include <thread>

#include "base/fault_point.h"
#include "kernel/journal/journal.h"
#include "kernel/testing/backends.h"

namespace ducat::kernel::testing {

using storage::Access;
using storage::Dialect;
using Writer = std::unique_ptr<JournalWriter>;

class JournalContract : public OnBackend {
 protected:
  void SetUp() override {
    OnBackend::SetUp();
    if (backend_ == nullptr) return;
    database_ = backend_->open("journal");
    ASSERT_NE(database_, nullptr);
  }

  Result<Writer> try_lead(const std::string& holder, Duration lease = Duration::seconds(60)) {
    return JournalWriter::lead(*database_, {holder, lease});
  }
  // A leader whose lease is over at once: as if it hung.
  Writer lead_hanging() { return lead("hanging", Duration{0}); }
  Writer lead(const std::string& holder = "first", Duration lease = Duration::seconds(60)) {
    auto writer = try_lead(holder, lease);
    if (!writer) ADD_FAILURE() << writer.error().message;
    return writer ? std::move(*writer) : nullptr;
  }
  static Record next(const JournalWriter& writer, std::string_view event) {
    RecordBuilder builder;
    builder.start(writer.tip().number + 1, writer.tip().end_position, writer.epoch(), Timestamp{1000});
    builder.event(1, event);
    return builder.take();
  }
  static Status append(JournalWriter& writer, std::string_view event) {
    Record record = next(writer, event);
    return writer.append(record);
  }
  // The bodies of all events, or the error of reading them.
  Result<std::vector<std::string>> events(RecordNumber after = 0) {
    struct Collect final : RecordVisitor {
      std::vector<std::string> found;
      void on_event(Position, uint64_t, std::string_view body) override { found.emplace_back(body); }
    } collect;
    DUCAT_ASSIGN(auto reader, JournalReader::open(*database_));
    DUCAT_TRY(reader->read(after, [&](const Record& record) { return visit(record, collect); }));
    return std::move(collect.found);
  }
  using Events = std::vector<std::string>;

  std::unique_ptr<storage::Connection> connect() {
    auto connection = database_->connect(Access::kWriter);
    if (!connection) ADD_FAILURE() << connection.error().message;
    return connection ? std::move(*connection) : nullptr;
  }
  // Somebody with the rights to do so changes what must not change.
  void damage(const std::string& sql, std::initializer_list<storage::Value> params = {}) {
    auto connection = connect();
    ASSERT_NE(connection, nullptr);
    ASSERT_DONE(connection->script(database_->dialect() == Dialect::kSqlite
                                       ? "DROP TRIGGER IF EXISTS journal_no_update;"
                                         "DROP TRIGGER IF EXISTS journal_no_delete"
                                       : "ALTER TABLE journal DISABLE TRIGGER USER"));
    auto changed = connection->execute(sql, params);
    ASSERT_DONE(changed);
    ASSERT_GT(*changed, 0) << "the damage is done";
  }

  std::unique_ptr<storage::Database> database_;
};

TEST_P(JournalContract, BeginsWithTheFenceOfItsFirstLeader) {
  Writer writer = lead();
  EXPECT_EQ(writer->epoch(), 1u);
  EXPECT_EQ(writer->tip().number, 1u);
  EXPECT_EQ(writer->tip().end_position, 1u);
  EXPECT_EQ(*events(), Events{});
}

TEST_P(JournalContract, WhatIsAppendedIsReadBackInOrder) {
  Writer writer = lead();
  Events expected;
  for (int i = 0; i < 300; ++i) {  // more than a page
    expected.push_back("event " + std::to_string(i));
    ASSERT_DONE(append(*writer, expected.back()));
  }
  auto read = events();
  ASSERT_DONE(read);
  EXPECT_EQ(*read, expected);
  auto tail = events(299);
  ASSERT_DONE(tail);
  EXPECT_EQ(*tail, Events({"event 298", "event 299"}));
  EXPECT_EQ(writer->tip().end_position, 301u);
}

TEST_P(JournalContract, TheTipAndSingleRecordsCanBeAskedFor) {
  Writer writer = lead();
  ASSERT_DONE(append(*writer, "one"));
  auto reader = JournalReader::open(*database_);
  ASSERT_DONE(reader);
  auto tip = (*reader)->tip();
  ASSERT_DONE(tip);
  EXPECT_EQ(tip->number, writer->tip().number);
  EXPECT_EQ(tip->checksum, writer->tip().checksum);
  EXPECT_EQ(tip->at.micros, 1000);
  auto record = (*reader)->record(2);
  ASSERT_DONE(record);
  EXPECT_EQ(record->events, 1u);
  EXPECT_EQ(record->checksum, tip->checksum);
  EXPECT_FAILS((*reader)->record(3), Errc::kNotFound);
}

TEST_P(JournalContract, ReadingStopsAtTheReadersError) {
  Writer writer = lead();
  for (int i = 0; i < 5; ++i) ASSERT_DONE(append(*writer, "event"));
  auto reader = JournalReader::open(*database_);
  ASSERT_DONE(reader);
  int seen = 0;
  auto stop_at_three = [&](const Record&) { return ++seen < 3 ? Status() : Status(fail(Errc::kFull, "no")); };
  EXPECT_FAILS((*reader)->read(0, stop_at_three), Errc::kFull);
  EXPECT_EQ(seen, 3);
}

TEST_P(JournalContract, RefusesToChangeOrDeleteARecord) {
  Writer writer = lead();
  ASSERT_DONE(append(*writer, "one"));
  auto connection = connect();
  for (const char* sql : {"UPDATE journal SET at = 0", "UPDATE journal SET body = body WHERE record = 2",
                          "DELETE FROM journal", "DELETE FROM journal WHERE record = 2"}) {
    EXPECT_FAILS(connection->execute(sql), Errc::kInvalid);
  }
  EXPECT_EQ(*events(), Events{"one"});
}

TEST_P(JournalContract, ARemovedRecordBreaksTheChain) {
  Writer writer = lead();
  for (const char* event : {"one", "two", "three"}) ASSERT_DONE(append(*writer, event));
  damage("DELETE FROM journal WHERE record = 3");
  EXPECT_FAILS(events(), Errc::kCorrupt);
  EXPECT_FAILS(events(2), Errc::kCorrupt);
  EXPECT_FAILS(events(3), Errc::kNotFound);
}

TEST_P(JournalContract, ExchangedRecordsBreakTheChain) {
  Writer writer = lead();
  for (const char* event : {"one", "two", "three"}) ASSERT_DONE(append(*writer, event));
  damage("UPDATE journal SET record = 1000 WHERE record = 2");
  damage("UPDATE journal SET record = 2 WHERE record = 3");
  damage("UPDATE journal SET record = 3 WHERE record = 1000");
  EXPECT_FAILS(events(), Errc::kCorrupt);
}

TEST_P(JournalContract, AChangedFieldBreaksTheChain) {
  Writer writer = lead();
  for (const char* event : {"one", "two"}) ASSERT_DONE(append(*writer, event));
  for (const std::string column : {"first_position", "events", "epoch", "at", "checksum"}) {
    damage("UPDATE journal SET " + column + " = " + column + " + 1 WHERE record = 2");
    EXPECT_FAILS(events(), Errc::kCorrupt);
    damage("UPDATE journal SET " + column + " = " + column + " - 1 WHERE record = 2");
    EXPECT_EQ(*events(), Events({"one", "two"})) << column;
  }
  std::string body = next(*writer, "0ne").body;
  damage("UPDATE journal SET body = $1 WHERE record = 2", {storage::Blob{body}});
  EXPECT_FAILS(events(), Errc::kCorrupt);
}

TEST_P(JournalContract, AnAppendThatFailedBeforeTheWriteMayBeRepeated) {
  Writer writer = lead();
  {
    ArmedFault full("journal.append.before", [] { return Status(fail(Errc::kFull, "disk full")); });
    EXPECT_FAILS(append(*writer, "one"), Errc::kFull);
  }
  EXPECT_EQ(*events(), Events{});
  ASSERT_DONE(append(*writer, "one"));
  EXPECT_EQ(*events(), Events{"one"});
}

TEST_P(JournalContract, AnUnknownOutcomeIsResolvedToWritten) {
  Writer writer = lead();
  Record record = next(*writer, "one");
  {
    ArmedFault lost("journal.append.after", [] { return Status(fail(Errc::kTimeout, "lost")); });
    EXPECT_FAILS(writer->append(record), Errc::kTimeout);
  }
  auto there = writer->resolve(record);
  ASSERT_DONE(there);
  EXPECT_TRUE(*there);
  ASSERT_DONE(append(*writer, "two"));
  EXPECT_EQ(*events(), Events({"one", "two"}));
}

TEST_P(JournalContract, AnUnknownOutcomeIsResolvedToNotWritten) {
  Writer writer = lead();
  Record record = next(*writer, "one");
  {
    ArmedFault lost("journal.append.before", [] { return Status(fail(Errc::kTimeout, "lost")); });
    EXPECT_FAILS(writer->append(record), Errc::kTimeout);
  }
  auto there = writer->resolve(record);
  ASSERT_DONE(there);
  EXPECT_FALSE(*there);
  ASSERT_DONE(writer->append(record));
  EXPECT_EQ(*events(), Events{"one"});
}

TEST_P(JournalContract, AnAppendThatArrivedAfterAllIsFoundByTheNextOne) {
  Writer writer = lead();
  {
    ArmedFault lost("journal.append.after", [] { return Status(fail(Errc::kTimeout, "lost")); });
    EXPECT_FAILS(append(*writer, "one"), Errc::kTimeout);
  }
  EXPECT_FAILS(append(*writer, "other"), Errc::kConflict);
  ASSERT_DONE(writer->reread());
  EXPECT_EQ(writer->tip().number, 2u);
  ASSERT_DONE(append(*writer, "two"));
  EXPECT_EQ(*events(), Events({"one", "two"}));
}

TEST_P(JournalContract, AStaleLeaderCannotWriteAndLearnsIt) {
  Writer stale = lead_hanging();
  ASSERT_DONE(append(*stale, "one"));
  Writer fresh = lead("fresh");
  ASSERT_GT(fresh->epoch(), stale->epoch());
  EXPECT_FAILS(append(*stale, "lost"), Errc::kFenced);
  EXPECT_FAILS(append(*stale, "lost again"), Errc::kFenced);
  EXPECT_FAILS(stale->reread(), Errc::kFenced);
  EXPECT_FAILS(stale->renew(), Errc::kFenced);
  ASSERT_DONE(append(*fresh, "two"));
  EXPECT_FAILS(append(*stale, "and again"), Errc::kFenced);
  EXPECT_EQ(*events(), Events({"one", "two"}));
}

// It has slept through everything, even through the place it would have written to being taken twice over.
TEST_P(JournalContract, AStaleLeaderThatRepeatsAnUnknownAppendIsFenced) {
  Writer stale = lead_hanging();
  Record record = next(*stale, "one");
  {
    ArmedFault lost("journal.append.before", [] { return Status(fail(Errc::kTimeout, "lost")); });
    EXPECT_FAILS(stale->append(record), Errc::kTimeout);
  }
  Writer fresh = lead("fresh");
  ASSERT_DONE(append(*fresh, "two"));
  EXPECT_FAILS(stale->resolve(record), Errc::kFenced);
  EXPECT_FAILS(stale->append(record), Errc::kFenced);
  EXPECT_EQ(*events(), Events{"two"});
}

TEST_P(JournalContract, OfLeadersThatRaceOneCanWrite) {
  lead("migrates", Duration{0});
  std::vector<std::thread> racers;
  std::vector<Writer> leaders(6);
  for (size_t i = 0; i < leaders.size(); ++i) {
    racers.emplace_back([&, i] {
      if (auto led = try_lead("racer " + std::to_string(i))) leaders[i] = std::move(*led);
    });
  }
  for (std::thread& racer : racers) racer.join();
  int wrote = 0;
  for (Writer& leader : leaders) {
    if (leader == nullptr) continue;
    Status status = append(*leader, "by the leader");
    wrote += status.has_value();
    if (!status) {
      EXPECT_EQ(status.error().code, Errc::kFenced) << status.error().message;
    }
  }
  EXPECT_EQ(wrote, 1);
  EXPECT_EQ(*events(), Events{"by the leader"});
}

TEST_P(JournalContract, ALeaderThatReleasesIsFollowedAtOnce) {
  Writer first = lead("first", Duration::seconds(3600));
  ASSERT_DONE(append(*first, "one"));
  first->release();
  first.reset();
  auto second = try_lead("second");
  ASSERT_DONE(second);
  EXPECT_EQ((*second)->epoch(), 2u);
  ASSERT_DONE(append(**second, "two"));
  EXPECT_EQ(*events(), Events({"one", "two"}));
}

TEST_P(JournalContract, RenewingKeepsTheLead) {
  Writer writer = lead();
  for (int i = 0; i < 3; ++i) ASSERT_DONE(writer->renew());
  ASSERT_DONE(append(*writer, "one"));
}

}  // namespace ducat::kernel::testing
