// Rows on their way from the engine to the tables.
#pragma once

#include <memory>
#include <span>

#include "base/result.h"
#include "platform/storage/database.h"

namespace ducat::kernel {

// The rows that one batch has changed, in whatever form the service likes. Made on the decide executor, read
// on the projection executor; nobody changes it in between.
struct Changes {
  virtual ~Changes() = default;
};

// Writes changes to tables. Called on the projection executor inside a transaction; may be called again with
// the same changes after a failure.
class TableWriter {
 public:
  virtual ~TableWriter() = default;
  // `changes` in the order of their records; a later one wins.
  virtual Status write(storage::Connection& connection, std::span<const Changes* const> changes) = 0;
};

}  // namespace ducat::kernel
