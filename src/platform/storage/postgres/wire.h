// Values in PostgreSQL's binary format: big-endian integers, bytes as they are, and one-dimensional arrays.
//
// An array, as array_recv in PostgreSQL's src/backend/utils/adt/arrayfuncs.c reads it, is int32 dimensions (0
// when empty), int32 has-nulls, int32 element type; then for each dimension int32 length and int32 lower
// bound (1); then for each element int32 size (-1 for NULL) and its bytes.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <string>

#include "platform/storage/database.h"

namespace ducat::storage::postgres {

// Numbers of built-in types: src/include/catalog/pg_type.dat. They never change.
inline constexpr Oid kBool = 16, kBytea = 17, kName = 19, kInt8 = 20, kInt2 = 21, kInt4 = 23, kText = 25,
                     kOid = 26, kUnknown = 705, kBpchar = 1042, kVarchar = 1043;
inline constexpr Oid kByteaArray = 1001, kTextArray = 1009, kInt8Array = 1016;

inline void put_int64(char* into, int64_t value) {
  uint64_t swapped = __builtin_bswap64(static_cast<uint64_t>(value));
  __builtin_memcpy(into, &swapped, sizeof(swapped));
}

Oid array_type(ColumnType type);

// Rows [first, last) of a column as an array, in place of what `out` holds.
void encode_array(const ColumnBatch::Data& column, size_t first, size_t last, std::string& out);

// An integer of 1, 2, 4 or 8 bytes.
int64_t decode_integer(const char* data, int size);

}  // namespace ducat::storage::postgres
