// Bulk writes: INSERT … SELECT * FROM unnest($1, $2, …), one array for each column, so that a statement
// carries thousands of rows and its text does not depend on how many.
#include "base/check.h"
#include "base/fault_point.h"
#include "platform/storage/concat.h"
#include "platform/storage/postgres/connection.h"
#include "platform/storage/postgres/wire.h"

namespace ducat::storage::postgres {
namespace {

constexpr size_t kChunkBytes = size_t{32} << 20;  // of one column's array

std::string_view array_name(ColumnType type) {
  switch (type) {
    case ColumnType::kInt64:
      return "bigint[]";
    case ColumnType::kText:
      return "text[]";
    case ColumnType::kBlob:
      return "bytea[]";
  }
  return "";
}

std::string bulk_sql(const BulkTable& table) {
  std::string source = "SELECT * FROM unnest(";
  for (size_t i = 0; i < table.columns.size(); i++) {
    source += concat(i == 0 ? "" : ",", "$", i + 1, "::", array_name(table.columns[i].type));
  }
  return bulk_insert(table, source + ")");
}

}  // namespace

// The rows of one statement: a number of them, and fewer when they are large.
size_t PostgresConnection::chunk_end(const ColumnBatch& batch, size_t first) const {
  size_t last = std::min(batch.rows(), first + options_->bulk_rows);
  for (const ColumnBatch::Data& column : batch.data()) {
    if (column.type == ColumnType::kInt64) continue;
    size_t bytes = 0;
    size_t fits = first;
    while (fits < last && (fits == first || bytes + column.views[fits].size() <= kChunkBytes)) {
      bytes += column.views[fits++].size();
    }
    last = fits;
  }
  return last;
}

Status PostgresConnection::write_chunk(const std::string& sql, const ColumnBatch& batch, size_t first,
                                       size_t last) {
  const auto& columns = batch.data();
  params_.clear();
  arrays_.resize(std::max(arrays_.size(), columns.size()));
  for (size_t i = 0; i < columns.size(); i++) {
    encode_array(columns[i], first, last, arrays_[i]);
    params_.add(array_type(columns[i].type), arrays_[i].data(), arrays_[i].size());
  }
  DUCAT_TRY(run_statement(sql, Effect::kWrite));
  return {};
}

Status PostgresConnection::write_chunks(const std::string& sql, const ColumnBatch& batch) {
  size_t rows = batch.rows();
  for (size_t first = 0; first < rows;) {
    size_t last = chunk_end(batch, first);
    DUCAT_TRY(write_chunk(sql, batch, first, last));
    first = last;
  }
  return {};
}

Status PostgresConnection::write(const BulkTable& table, const ColumnBatch& batch) {
  DUCAT_TRY(ready());
  DUCAT_FAULT("storage.write");
  DUCAT_CHECK(batch.data().size() == table.columns.size(), "the batch is of another table");
  std::string* sql = bulks_.find(table);
  if (sql == nullptr) sql = bulks_.add(table, bulk_sql(table));
  bool one_statement = chunk_end(batch, 0) == batch.rows();
  if (in_transaction_ || one_statement) return write_chunks(*sql, batch);
  DUCAT_ASSIGN(Transaction transaction, Transaction::begin(*this));
  DUCAT_TRY(write_chunks(*sql, batch));
  return transaction.commit();
}

}  // namespace ducat::storage::postgres
