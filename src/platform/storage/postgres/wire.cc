// Encoding and decoding.
#include "platform/storage/postgres/wire.h"

#include <algorithm>

namespace ducat::storage::postgres {
namespace {

void put_int32(std::string& out, int32_t value) {
  uint32_t swapped = __builtin_bswap32(static_cast<uint32_t>(value));
  out.append(reinterpret_cast<const char*>(&swapped), sizeof(swapped));
}

Oid element_type(ColumnType type) {
  switch (type) {
    case ColumnType::kInt64:
      return kInt8;
    case ColumnType::kText:
      return kText;
    case ColumnType::kBlob:
      return kBytea;
  }
  return kUnknown;
}

}  // namespace

Oid array_type(ColumnType type) {
  switch (type) {
    case ColumnType::kInt64:
      return kInt8Array;
    case ColumnType::kText:
      return kTextArray;
    case ColumnType::kBlob:
      return kByteaArray;
  }
  return kUnknown;
}

void encode_array(const ColumnBatch::Data& column, size_t first, size_t last, std::string& out) {
  auto nulls = column.nulls.begin();
  bool has_null = std::find(nulls + static_cast<long>(first), nulls + static_cast<long>(last), 1) !=
                  nulls + static_cast<long>(last);
  out.clear();
  put_int32(out, first == last ? 0 : 1);
  put_int32(out, has_null ? 1 : 0);
  put_int32(out, static_cast<int32_t>(element_type(column.type)));
  if (first == last) return;
  put_int32(out, static_cast<int32_t>(last - first));
  put_int32(out, 1);
  for (size_t i = first; i < last; i++) {
    if (column.nulls[i] != 0) {
      put_int32(out, -1);
    } else if (column.type == ColumnType::kInt64) {
      put_int32(out, 8);
      char bytes[8];
      put_int64(bytes, column.ints[i]);
      out.append(bytes, sizeof(bytes));
    } else {
      put_int32(out, static_cast<int32_t>(column.views[i].size()));
      out.append(column.views[i]);
    }
  }
}

int64_t decode_integer(const char* data, int size) {
  // Sign-extended from the first byte; a boolean is one byte, 0 or 1.
  int64_t value = static_cast<signed char>(data[0]);
  for (int i = 1; i < size; i++) {
    value = static_cast<int64_t>(static_cast<uint64_t>(value) << 8 | static_cast<unsigned char>(data[i]));
  }
  return value;
}

}  // namespace ducat::storage::postgres
