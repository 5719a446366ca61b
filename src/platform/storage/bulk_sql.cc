// The text, made once for each table and connection.
#include "platform/storage/bulk_sql.h"

#include "platform/storage/concat.h"

namespace ducat::storage {

std::string bulk_insert(const BulkTable& table, std::string_view source) {
  std::string names, keys, updates;
  for (size_t i = 0; i < table.columns.size(); i++) {
    std::string name = concat("\"", table.columns[i].name, "\"");
    names += (i == 0 ? "" : ",") + name;
    if (static_cast<int>(i) < table.key_columns) {
      keys += (i == 0 ? "" : ",") + name;
    } else {
      updates += concat(updates.empty() ? "" : ",", name, "=excluded.", name);
    }
  }
  std::string sql = concat("INSERT INTO \"", table.name, "\" (", names, ") ", source);
  if (table.on_conflict == OnConflict::kFail) return sql;
  if (table.on_conflict == OnConflict::kIgnore || updates.empty()) return sql + " ON CONFLICT DO NOTHING";
  return sql + concat(" ON CONFLICT (", keys, ") DO UPDATE SET ", updates);
}

}  // namespace ducat::storage
