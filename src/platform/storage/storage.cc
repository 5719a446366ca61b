// What both engines share: rows by column on their way in, and the transaction that rolls back by itself.
#include "base/check.h"
#include "platform/storage/database.h"

namespace ducat::storage {

ColumnBatch::ColumnBatch(std::span<const Column> columns) {
  DUCAT_CHECK(!columns.empty(), "a table has columns");
  data_.resize(columns.size());
  for (size_t i = 0; i < columns.size(); i++) data_[i].type = columns[i].type;
}

ColumnBatch::Data& ColumnBatch::next() {
  Data& column = data_[cursor_];
  cursor_ = cursor_ + 1 == data_.size() ? 0 : cursor_ + 1;
  return column;
}

void ColumnBatch::add(int64_t value) {
  Data& column = next();
  DUCAT_CHECK(column.type == ColumnType::kInt64, "an integer for a column of text or bytes");
  column.ints.push_back(value);
  column.nulls.push_back(0);
}

void ColumnBatch::add(std::string_view text_or_bytes) {
  Data& column = next();
  DUCAT_CHECK(column.type != ColumnType::kInt64, "text or bytes for a column of integers");
  column.views.push_back(text_or_bytes);
  column.nulls.push_back(0);
}

void ColumnBatch::add_null() {
  Data& column = next();
  if (column.type == ColumnType::kInt64) {
    column.ints.push_back(0);
  } else {
    column.views.emplace_back();
  }
  column.nulls.push_back(1);
}

void ColumnBatch::clear() {
  for (Data& column : data_) {
    column.ints.clear();
    column.views.clear();
    column.nulls.clear();
  }
  cursor_ = 0;
}

size_t ColumnBatch::rows() const {
  DUCAT_CHECK(cursor_ == 0, "the last row is not complete");
  return data_.front().nulls.size();
}

Result<Transaction> Transaction::begin(Connection& connection) {
  DUCAT_TRY(connection.begin());
  return Transaction(connection);
}

Status Transaction::commit() {
  DUCAT_CHECK(connection_ != nullptr, "a transaction commits once");
  return std::exchange(connection_, nullptr)->commit();
}

}  // namespace ducat::storage
