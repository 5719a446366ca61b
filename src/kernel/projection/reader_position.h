// Durable positions of named journal readers. A reader takes records after its position, makes its effect,
// and moves the position: in the same transaction if the effect is in the same database (then each record
// counts once), after the effect otherwise (then at least once).
#pragma once

#include <string>
#include <vector>

#include "kernel/journal/record.h"
#include "platform/storage/database.h"

namespace ducat::kernel {

struct ReaderPosition {
  std::string name;
  RecordNumber record = 0;  // the last one it has dealt with; 0: none
};

// 0 for a reader that has never moved. Kernel tables must be there (open_checkpoint).
Result<RecordNumber> reader_position(storage::Connection& connection, std::string_view name);
// Moves forward only: kConflict if the reader is already past `record`, i.e. somebody else reads under its
// name.
Status move_reader(storage::Connection& connection, std::string_view name, RecordNumber record);
// Sets a reader back (or forth), for reading again.
Status reset_reader(storage::Connection& connection, std::string_view name, RecordNumber record);
Result<std::vector<ReaderPosition>> reader_positions(storage::Connection& connection);

}  // namespace ducat::kernel
