// Tables that somebody else writes, as a follower's model must see them: standing still at one moment, until
// it has replayed the journal up to a later one and moves on to that.
//
// A model's rule is that what is not in memory is current in its table. While another process writes the
// tables that holds for no moment, except within a snapshot: the rows as of the snapshot's checkpoint, and in
// memory everything that the records after it have changed.
#pragma once

#include <memory>

#include "kernel/projection/projector.h"
#include "platform/storage/database.h"

namespace ducat::kernel {

// Lives as long as the connections it made. `connect` is for one thread at a time together with everything
// else here: the engine's decide executor, and the start before it. Reading connections share one session,
// writing ones are the tables' own.
class SnapshotTables final : public storage::Database {
 public:
  explicit SnapshotTables(storage::Database& tables) : tables_(tables) {}

  // From now on readers see the tables as of this moment. Answers which records the rows have.
  Result<Checkpoint> hold();
  // Takes a newer snapshot beside the one that is held; `move_on` makes readers see it. Before that, the
  // model must have replayed all that it has.
  Result<Checkpoint> prepare();
  void move_on();
  // Readers see the present again.
  void let_go();

  Result<std::unique_ptr<storage::Connection>> connect(storage::Access access) override;
  storage::Dialect dialect() const override { return tables_.dialect(); }
  Status checkpoint() override { return tables_.checkpoint(); }
  std::string describe() const override { return tables_.describe(); }

 private:
  class View;
  Result<Checkpoint> begin(std::unique_ptr<storage::Connection>& connection);

  storage::Database& tables_;
  std::unique_ptr<storage::Connection> current_, next_;
  bool held_ = false;
  // The session broke: the snapshot is gone, and nothing is read until another one is held.
  bool broken_ = false;
};

}  // namespace ducat::kernel
