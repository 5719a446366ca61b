#include "kernel/projection/reader_position.h"

namespace ducat::kernel {

Result<RecordNumber> reader_position(storage::Connection& connection, std::string_view name) {
  RecordNumber record = 0;
  DUCAT_TRY(connection.query("SELECT record FROM journal_readers WHERE name = $1", {name},
                             [&](const storage::Row& row) { record = static_cast<uint64_t>(row.int64(0)); }));
  return record;
}

Status move_reader(storage::Connection& connection, std::string_view name, RecordNumber record) {
  DUCAT_ASSIGN(int64_t moved, connection.execute("INSERT INTO journal_readers (name, record) VALUES ($1, $2) "
                                                 "ON CONFLICT (name) DO UPDATE SET record = excluded.record "
                                                 "WHERE journal_readers.record < excluded.record",
                                                 {name, static_cast<int64_t>(record)}));
  if (moved == 1) return {};
  return fail(Errc::kConflict,
              "the reader " + std::string(name) + " is past record " + std::to_string(record));
}

Status reset_reader(storage::Connection& connection, std::string_view name, RecordNumber record) {
  DUCAT_TRY(
      connection.execute("INSERT INTO journal_readers (name, record) VALUES ($1, $2) "
                         "ON CONFLICT (name) DO UPDATE SET record = excluded.record",
                         {name, static_cast<int64_t>(record)}));
  return {};
}

Result<std::vector<ReaderPosition>> reader_positions(storage::Connection& connection) {
  std::vector<ReaderPosition> found;
  DUCAT_TRY(connection.query(
      "SELECT name, record FROM journal_readers ORDER BY name", {}, [&](const storage::Row& row) {
        found.push_back({std::string(row.text(0)), static_cast<uint64_t>(row.int64(1))});
      }));
  return found;
}

}  // namespace ducat::kernel
