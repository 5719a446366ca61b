// A row of a binary answer.
#pragma once

#include "base/check.h"
#include "platform/storage/postgres/session.h"
#include "platform/storage/postgres/wire.h"

namespace ducat::storage::postgres {

// Valid as long as the result.
class PostgresRow final : public Row {
 public:
  PostgresRow(const PGresult* result, int row) : result_(result), row_(row) {}

  bool is_null(int column) const override {
    check_column(column);
    return PQgetisnull(result_, row_, column) != 0;
  }
  int64_t int64(int column) const override {
    check_column(column);
    Oid type = PQftype(result_, column);
    DUCAT_CHECK(type == kInt8 || type == kInt4 || type == kInt2 || type == kBool,
                "the column is not an integer (cast sums and the like to BIGINT)");
    if (PQgetisnull(result_, row_, column) != 0) return 0;
    return decode_integer(PQgetvalue(result_, row_, column), PQgetlength(result_, row_, column));
  }
  std::string_view text(int column) const override {
    check_column(column);
    Oid type = PQftype(result_, column);
    DUCAT_CHECK(type == kText || type == kVarchar || type == kBpchar || type == kName || type == kUnknown,
                "the column is not text");
    return bytes(column);
  }
  std::string_view blob(int column) const override {
    check_column(column);
    DUCAT_CHECK(PQftype(result_, column) == kBytea, "the column is not bytes");
    return bytes(column);
  }

 private:
  void check_column(int column) const {
    DUCAT_CHECK(column >= 0 && column < PQnfields(result_), "no such column");
  }
  std::string_view bytes(int column) const {
    return {PQgetvalue(result_, row_, column), static_cast<size_t>(PQgetlength(result_, row_, column))};
  }
  const PGresult* result_;
  int row_;
};

}  // namespace ducat::storage::postgres
