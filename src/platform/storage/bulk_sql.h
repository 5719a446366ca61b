// What the engines' bulk writes have in common: the INSERT with its conflict clause, and remembering what was
// made of a table's spec.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/storage/database.h"

namespace ducat::storage {

// INSERT INTO "t" ("a","b") <source> ON CONFLICT ("a") DO UPDATE SET "b"=excluded."b"
std::string bulk_insert(const BulkTable& table, std::string_view source);

// Values made from specs, found by the spec's address. One thread. Specs are constants; a test's may share an
// address after one another, so what a spec says is compared too.
template <typename T>
class BulkCache {
 public:
  T* find(const BulkTable& table) {
    for (Entry& entry : entries_) {
      if (entry.table == &table && entry.name == table.name && entry.columns == table.columns.data() &&
          entry.on_conflict == table.on_conflict) {
        return &entry.value;
      }
    }
    return nullptr;
  }
  T* add(const BulkTable& table, T value) {
    if (entries_.size() >= kKept) entries_.clear();
    entries_.push_back({&table, table.name, table.columns.data(), table.on_conflict, std::move(value)});
    return &entries_.back().value;
  }

 private:
  static constexpr size_t kKept = 256;  // more than one process has tables
  struct Entry {
    const BulkTable* table;
    std::string_view name;
    const Column* columns;
    OnConflict on_conflict;
    T value;
  };
  std::vector<Entry> entries_;
};

}  // namespace ducat::storage
