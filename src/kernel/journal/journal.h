// The journal: the one truth. Records are appended one after the other by one leader, and never change.
//
// Leadership is an epoch, a number that grows with each new leader. A new leader first appends an empty
// record of its epoch; since record numbers have no gaps and each can be written once, whatever an older
// leader tries to append afterwards collides with it and is refused (kFenced). So a stale leader cannot
// write, whatever it believes, and no clock is needed for that. The lease row decides only who may try.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/time.h"
#include "kernel/journal/record.h"
#include "platform/storage/database.h"

namespace ducat::kernel {

// The end of a journal.
struct Tip {
  RecordNumber number = 0;
  Position end_position = 1;  // of the next event
  uint64_t checksum = 0;
  uint64_t epoch = 0;
  Timestamp at;
};

using OnRecord = std::function<Status(const Record&)>;

// Reads records of a journal through a connection of its own. One thread at a time.
class JournalReader {
 public:
  static Result<std::unique_ptr<JournalReader>> open(storage::Database& database);

  Result<Tip> tip();
  // Hands over the records after `after` in order, until the end or the first error of `on_record`, and
  // checks their chain (kCorrupt). Answers the number of the last one read.
  Result<RecordNumber> read(RecordNumber after, const OnRecord& on_record);
  // Hands over what has come after `tip` and moves it along, checking the chain; at the end `tip` is the end
  // of the journal as it was at some moment of this call. One indexed query if little has come. After an
  // error `tip` is the last record that was handed over.
  Status follow(Tip& tip, const OnRecord& on_record);
  // One record, checked for its form only; kNotFound if there is none of that number.
  Result<Record> record(RecordNumber number);
  // The same record as an end to follow from.
  Result<Tip> tip_at(RecordNumber number);

 private:
  explicit JournalReader(std::unique_ptr<storage::Connection> connection)
      : connection_(std::move(connection)) {}
  std::unique_ptr<storage::Connection> connection_;
};

struct LeaseOptions {
  std::string holder;                        // who we are, for messages
  Duration duration = Duration::seconds(6);  // how long a silent leader keeps its place
};

// Appends to a journal as its leader. One thread at a time, but `tip` and `epoch` are safe once opened.
class JournalWriter {
 public:
  // Creates the tables if needed and takes the lead; kBusy if somebody else leads.
  static Result<std::unique_ptr<JournalWriter>> lead(storage::Database& database, LeaseOptions options);
  // The same in two steps, for whoever tries again and again: connected, and not the leader yet.
  static Result<std::unique_ptr<JournalWriter>> open(storage::Database& database, LeaseOptions options);
  // kBusy as above: may be called again. kConflict, kFenced: somebody else was quicker; after these and all
  // others it is only destroyed.
  Status take_lead();

  // Appends the record (its number must follow the last one) and returns when it is durable. Sets its
  // checksum. kFenced: somebody else leads now, for good. kConflict: an earlier append of unknown outcome has
  // arrived; `reread`. kFull, kUnavailable, kIo: it was not written. kTimeout: unknown; `resolve` finds out.
  Status append(Record& record);
  // Looks where the journal ends, after a failed append; kFenced if a newer leader has written.
  Status reread();
  // kFenced if a newer leader has written; any other error means that this is not known.
  Status confirm();
  // Whether a record whose append ended in kTimeout is there. Errors mean that it is still unknown.
  Result<bool> resolve(const Record& record);
  // Prolongs the lease; kFenced if it has been taken.
  Status renew();
  // Gives the lease back, so that the next leader need not wait.
  void release();

  const Tip& tip() const { return tip_; }
  uint64_t epoch() const { return epoch_; }
  // Whether others could take the lead, so that it must be prolonged (PostgreSQL).
  bool shared() const { return lease_ != nullptr; }

 private:
  JournalWriter(std::unique_ptr<storage::Connection> connection, std::unique_ptr<storage::Connection> lease,
                LeaseOptions options)
      : connection_(std::move(connection)), lease_(std::move(lease)), options_(std::move(options)) {}
  Status take_lease();
  Status fence();
  Status taken_place();

  std::unique_ptr<storage::Connection> connection_;
  std::unique_ptr<storage::Connection> lease_;  // PostgreSQL: its session lock shows that we live
  LeaseOptions options_;
  Tip tip_;
  uint64_t epoch_ = 0;
};

}  // namespace ducat::kernel
