// SQL of the journal; the reasoning stands in journal.h.
#include "kernel/journal/journal.h"

#include "base/fault_point.h"
#include "generated/journal_migrations.h"

namespace ducat::kernel {
namespace {

using storage::Blob;
using storage::Connection;
using storage::Dialect;
using storage::Row;

constexpr std::string_view kAppend =
    "INSERT INTO journal (record, first_position, events, epoch, at, checksum, body) "
    "SELECT $1, $2, $3, $4, $5, $6, $7 "
    "WHERE EXISTS (SELECT 1 FROM journal WHERE record = $8 AND epoch <= $9)";
// PostgreSQL does not infer the types of a SELECT's parameters from the columns they go to.
constexpr std::string_view kAppendPostgres =
    "INSERT INTO journal (record, first_position, events, epoch, at, checksum, body) "
    "SELECT $1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::bigint, $7::bytea "
    "WHERE EXISTS (SELECT 1 FROM journal WHERE record = $8::bigint AND epoch <= $9::bigint)";
constexpr std::string_view kTip =
    "SELECT record, first_position, events, epoch, at, checksum FROM journal ORDER BY record DESC LIMIT 1";
constexpr std::string_view kRead =
    "SELECT record, first_position, events, epoch, at, checksum, body FROM journal "
    "WHERE record > $1 ORDER BY record LIMIT 256";
constexpr size_t kPage = 256;  // the limit in kRead
constexpr std::string_view kOne =
    "SELECT record, first_position, events, epoch, at, checksum, body FROM journal WHERE record = $1";
constexpr std::string_view kHead =
    "SELECT record, first_position, events, epoch, at, checksum FROM journal WHERE record = $1";
constexpr std::string_view kChecksum = "SELECT checksum FROM journal WHERE record = $1";

// Any number will do, as long as nobody else in the database uses it; the schema's hash makes shards differ.
constexpr std::string_view kTryLock =
    "SELECT CASE WHEN pg_try_advisory_lock(hashtext(current_schema()), 1684365) THEN 1::bigint ELSE "
    "0::bigint END";
constexpr std::string_view kNowSqlite = "SELECT CAST(strftime('%s', 'now') AS INTEGER) * 1000000";
constexpr std::string_view kNowPostgres = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
constexpr std::string_view kReadLease = "SELECT epoch, holder, expires_at FROM journal_lease WHERE one = 1";
constexpr std::string_view kTakeLease =
    "UPDATE journal_lease SET epoch = $1, holder = $2, expires_at = $3 WHERE one = 1 AND epoch = $4";
constexpr std::string_view kRenewLease =
    "UPDATE journal_lease SET expires_at = $1 WHERE one = 1 AND epoch = $2 AND holder = $3";

Record to_record(const Row& row, bool with_body) {
  Record record;
  record.number = static_cast<uint64_t>(row.int64(0));
  record.first_position = static_cast<uint64_t>(row.int64(1));
  record.events = static_cast<uint32_t>(row.int64(2));
  record.epoch = static_cast<uint64_t>(row.int64(3));
  record.at = {row.int64(4)};
  record.checksum = static_cast<uint64_t>(row.int64(5));
  if (with_body) record.body = row.blob(6);
  return record;
}

Tip tip_of(const Record& record) {
  return {record.number, record.end_position(), record.checksum, record.epoch, record.at};
}

Result<Tip> read_tip(Connection& connection) {
  std::optional<Tip> tip;
  DUCAT_TRY(connection.query(kTip, {}, [&](const Row& row) { tip = tip_of(to_record(row, false)); }));
  if (!tip) return fail(Errc::kCorrupt, "the journal is empty: record 0 is missing");
  return *tip;
}

Result<int64_t> one_number(Connection& connection, std::string_view sql,
                           std::initializer_list<storage::Value> params = {}) {
  std::optional<int64_t> value;
  DUCAT_TRY(connection.query(sql, params, [&](const Row& row) { value = row.int64(0); }));
  if (!value) return fail(Errc::kNotFound, "no such row");
  return *value;
}

}  // namespace

Result<std::unique_ptr<JournalReader>> JournalReader::open(storage::Database& database) {
  DUCAT_ASSIGN(auto connection, database.connect(storage::Access::kReader));
  return std::unique_ptr<JournalReader>(new JournalReader(std::move(connection)));
}

Result<Tip> JournalReader::tip() {
  return read_tip(*connection_);
}

Result<RecordNumber> JournalReader::read(RecordNumber after, const OnRecord& on_record) {
  DUCAT_ASSIGN(int64_t before, one_number(*connection_, kChecksum, {static_cast<int64_t>(after)}));
  Tip tip;
  tip.number = after;
  tip.checksum = static_cast<uint64_t>(before);
  DUCAT_TRY(follow(tip, on_record));
  return tip.number;
}

Status JournalReader::follow(Tip& tip, const OnRecord& on_record) {
  for (;;) {
    size_t rows = 0;
    Status status;
    DUCAT_TRY(connection_->query(kRead, {static_cast<int64_t>(tip.number)}, [&](const Row& row) {
      ++rows;
      if (!status) return;
      Record record = to_record(row, true);
      if (record.number != tip.number + 1 || record.checksum != checksum_of(record, tip.checksum)) {
        status = fail(Errc::kCorrupt,
                      "journal record " + std::to_string(tip.number + 1) + " is missing or damaged");
        return;
      }
      status = on_record(record);
      if (status) tip = tip_of(record);
    }));
    DUCAT_TRY(std::move(status));
    // A page that is not full ends where the journal ended when it was read.
    if (rows < kPage) return {};
  }
}

Result<Record> JournalReader::record(RecordNumber number) {
  std::optional<Record> record;
  DUCAT_TRY(connection_->query(kOne, {static_cast<int64_t>(number)},
                               [&](const Row& row) { record = to_record(row, true); }));
  if (!record) return fail(Errc::kNotFound, "there is no journal record " + std::to_string(number));
  return std::move(*record);
}

Result<Tip> JournalReader::tip_at(RecordNumber number) {
  std::optional<Tip> tip;
  DUCAT_TRY(connection_->query(kHead, {static_cast<int64_t>(number)},
                               [&](const Row& row) { tip = tip_of(to_record(row, false)); }));
  if (!tip) return fail(Errc::kNotFound, "there is no journal record " + std::to_string(number));
  return *tip;
}

Result<std::unique_ptr<JournalWriter>> JournalWriter::lead(storage::Database& database,
                                                           LeaseOptions options) {
  DUCAT_ASSIGN(std::unique_ptr<JournalWriter> writer, open(database, std::move(options)));
  DUCAT_TRY(writer->take_lead());
  return writer;
}

Result<std::unique_ptr<JournalWriter>> JournalWriter::open(storage::Database& database,
                                                           LeaseOptions options) {
  DUCAT_ASSIGN(auto connection, database.connect(storage::Access::kWriter));
  DUCAT_TRY(storage::migrate(*connection, "journal", storage::journal_migrations()));
  std::unique_ptr<Connection> lease;
  if (database.dialect() == Dialect::kPostgres) {
    DUCAT_ASSIGN(lease, database.connect(storage::Access::kWriter));
  }
  std::unique_ptr<JournalWriter> writer(
      new JournalWriter(std::move(connection), std::move(lease), std::move(options)));
  return writer;
}

Status JournalWriter::take_lead() {
  DUCAT_TRY(take_lease());
  return fence();
}

Status JournalWriter::take_lease() {
  bool alone = true;  // SQLite: the data directory's lock has seen to it
  std::string_view now_sql = kNowSqlite;
  if (lease_) {
    DUCAT_ASSIGN(int64_t locked, one_number(*lease_, kTryLock));
    alone = locked == 1;
    now_sql = kNowPostgres;
  }
  DUCAT_ASSIGN(int64_t now, one_number(*connection_, now_sql));
  int64_t epoch = 0, expires_at = 0;
  std::string holder;
  DUCAT_TRY(connection_->query(kReadLease, {}, [&](const Row& row) {
    epoch = row.int64(0);
    holder = row.text(1);
    expires_at = row.int64(2);
  }));
  // A leader whose session lives and whose lease runs is left alone; one that hangs loses its place.
  if (!alone && expires_at > now) return fail(Errc::kBusy, "the journal is led by " + holder);
  DUCAT_ASSIGN(int64_t taken, connection_->execute(kTakeLease, {epoch + 1, std::string_view(options_.holder),
                                                                now + options_.duration.micros, epoch}));
  if (taken != 1) return fail(Errc::kConflict, "somebody else took the lead of the journal just now");
  epoch_ = static_cast<uint64_t>(epoch + 1);
  return {};
}

Status JournalWriter::fence() {
  // An older leader may append while we look: then our number is taken, and we look again.
  for (int attempt = 0; attempt < 100; ++attempt) {
    DUCAT_ASSIGN(tip_, read_tip(*connection_));
    if (tip_.epoch >= epoch_) return fail(Errc::kFenced, "a newer leader writes the journal");
    RecordBuilder builder;
    builder.start(tip_.number + 1, tip_.end_position, epoch_, tip_.at);
    Record record = builder.take();
    Status status = append(record);
    if (status || status.error().code != Errc::kConflict) return status;
  }
  return fail(Errc::kBusy, "an older leader keeps writing the journal");
}

Status JournalWriter::append(Record& record) {
  DUCAT_FAULT("journal.append.before");
  record.checksum = checksum_of(record, tip_.checksum);
  auto changed =
      connection_->execute(lease_ ? kAppendPostgres : kAppend,
                           {static_cast<int64_t>(record.number), static_cast<int64_t>(record.first_position),
                            int64_t{record.events}, static_cast<int64_t>(record.epoch), record.at.micros,
                            static_cast<int64_t>(record.checksum), Blob{record.body},
                            static_cast<int64_t>(record.number - 1), static_cast<int64_t>(record.epoch)});
  if (!changed && changed.error().code != Errc::kConflict) return propagate(changed);
  if (!changed || *changed != 1) return taken_place();
  DUCAT_FAULT("journal.append.after");
  tip_ = tip_of(record);
  return {};
}

Status JournalWriter::taken_place() {
  DUCAT_ASSIGN(Tip now, read_tip(*connection_));
  if (now.epoch > epoch_) return fail(Errc::kFenced, "another process leads this journal now");
  // An append of ours whose outcome was unknown has arrived after all.
  return fail(Errc::kConflict, "the journal has moved on; it must be read again");
}

Status JournalWriter::reread() {
  DUCAT_ASSIGN(Tip now, read_tip(*connection_));
  if (now.epoch > epoch_) return fail(Errc::kFenced, "another process leads this journal now");
  tip_ = now;
  return {};
}

Status JournalWriter::confirm() {
  DUCAT_ASSIGN(Tip now, read_tip(*connection_));
  if (now.epoch > epoch_) return fail(Errc::kFenced, "another process leads this journal now");
  return {};
}

Result<bool> JournalWriter::resolve(const Record& record) {
  DUCAT_ASSIGN(Tip now, read_tip(*connection_));
  if (now.number < record.number) return false;
  DUCAT_ASSIGN(int64_t stored, one_number(*connection_, kChecksum, {static_cast<int64_t>(record.number)}));
  if (static_cast<uint64_t>(stored) != record.checksum)
    return fail(Errc::kFenced, "another process leads this journal");
  tip_ = tip_of(record);
  return true;
}

Status JournalWriter::renew() {
  Connection& connection = lease_ ? *lease_ : *connection_;
  if (lease_) {
    // A restarted server has forgotten our session lock; taking it twice in one session does no harm.
    DUCAT_TRY(one_number(connection, kTryLock));
  }
  DUCAT_ASSIGN(int64_t now, one_number(connection, lease_ ? kNowPostgres : kNowSqlite));
  DUCAT_ASSIGN(int64_t renewed,
               connection.execute(kRenewLease, {now + options_.duration.micros, static_cast<int64_t>(epoch_),
                                                std::string_view(options_.holder)}));
  if (renewed != 1) return fail(Errc::kFenced, "another process leads this journal now");
  return {};
}

void JournalWriter::release() {
  // Best effort: a lease that stays runs out, and a session that ends gives its lock back.
  Connection& connection = lease_ ? *lease_ : *connection_;
  (void)connection.execute(kRenewLease,
                           {int64_t{0}, static_cast<int64_t>(epoch_), std::string_view(options_.holder)});
}

}  // namespace ducat::kernel
