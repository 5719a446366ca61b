// See snapshot_tables.h.
#include "kernel/engine/snapshot_tables.h"

namespace ducat::kernel {

// A reading connection: whatever session is current. The transactions of a model that reads within a snapshot
// are part of it.
class SnapshotTables::View final : public storage::Connection {
 public:
  explicit View(SnapshotTables& tables) : tables_(tables) {}

  Status query(std::string_view sql, std::span<const storage::Value> params,
               const storage::OnRow& on_row) override {
    return noted([&](Connection& session) { return session.query(sql, params, on_row); });
  }
  Result<int64_t> execute(std::string_view sql, std::span<const storage::Value> params) override {
    return noted([&](Connection& session) { return session.execute(sql, params); });
  }
  Status script(std::string_view sql) override {
    return noted([&](Connection& session) { return session.script(sql); });
  }
  Status write(const storage::BulkTable& table, const storage::ColumnBatch& batch) override {
    return noted([&](Connection& session) { return session.write(table, batch); });
  }
  Status begin() override {
    if (tables_.held_) return {};
    return noted([](Connection& session) { return session.begin(); });
  }
  Status commit() override {
    if (tables_.held_) return {};
    return noted([](Connection& session) { return session.commit(); });
  }
  void rollback() override {
    if (!tables_.held_ && tables_.current_) tables_.current_->rollback();
  }
  storage::Dialect dialect() const override { return tables_.dialect(); }

 private:
  // A session that has lost its snapshot would go on outside of it: after the first error nothing is read.
  template <typename Call>
  auto noted(Call call) -> decltype(call(std::declval<Connection&>())) {
    if (tables_.broken_ || !tables_.current_) {
      return std::unexpected(Error{Errc::kUnavailable, tables_.describe() + ": the snapshot is gone"});
    }
    auto result = call(*tables_.current_);
    if (!result && tables_.held_) tables_.broken_ = true;
    return result;
  }

  SnapshotTables& tables_;
};

Result<std::unique_ptr<storage::Connection>> SnapshotTables::connect(storage::Access access) {
  if (access == storage::Access::kWriter) return tables_.connect(access);
  if (!current_) {
    DUCAT_ASSIGN(current_, tables_.connect(access));
  }
  return std::make_unique<View>(*this);
}

Result<Checkpoint> SnapshotTables::begin(std::unique_ptr<storage::Connection>& connection) {
  if (!connection) {
    DUCAT_ASSIGN(connection, tables_.connect(storage::Access::kReader));
  }
  connection->rollback();
  DUCAT_TRY(connection->begin());
  // The snapshot is taken by the first statement, which this is.
  return read_checkpoint(*connection);
}

Result<Checkpoint> SnapshotTables::hold() {
  held_ = true;
  broken_ = true;
  DUCAT_ASSIGN(Checkpoint at, begin(current_));
  broken_ = false;
  return at;
}

Result<Checkpoint> SnapshotTables::prepare() {
  return begin(next_);
}

void SnapshotTables::move_on() {
  std::swap(current_, next_);
  broken_ = false;
  if (next_) next_->rollback();
}

void SnapshotTables::let_go() {
  if (current_) current_->rollback();
  if (next_) next_->rollback();
  held_ = false;
  broken_ = false;
}

}  // namespace ducat::kernel
