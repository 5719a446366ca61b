// Lists of records by filter and order. A filter that few records pass (an entity, a user, a correlation id)
// goes by its own index; then the others must not lure the planner to theirs, so they are written in a form
// that no index has. Times become a range of sequences first, which also counts without counting.
#include "services/audit/store/queries.h"
#include "services/audit/store/record_row.h"

namespace ducat::audit {
namespace {

using storage::Row;
using storage::Value;

struct Range {
  uint64_t first = 1;
  uint64_t last = 0;
};

// The first sequence in [1, last] whose time is at or after `time` (milliseconds); last + 1 if none is.
Result<uint64_t> first_at(storage::Connection& connection, uint64_t last, int64_t millis) {
  uint64_t low = 1, high = last + 1;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    int64_t at = INT64_MIN;
    DUCAT_TRY(connection.query("SELECT created_at FROM audit_records WHERE sequence = $1",
                               {static_cast<int64_t>(middle)}, [&](const Row& row) { at = row.int64(0); }));
    if (at < millis) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Result<Range> range_of(storage::Connection& connection, const ListFilter& filter) {
  Range range{1, filter.last};
  // Records have whole milliseconds: from the first that is not before `from` to the last not after `to`.
  if (filter.from) {
    int64_t millis = (filter.from->micros + 999) / 1000;
    DUCAT_ASSIGN(range.first, first_at(connection, filter.last, millis));
  }
  if (filter.to) {
    DUCAT_ASSIGN(uint64_t behind, first_at(connection, filter.last, filter.to->millis() + 1));
    range.last = behind - 1;
  }
  return range;
}

class Conditions {
 public:
  explicit Conditions(const ListFilter& filter)
      : narrow_(filter.entity_id || filter.user_id || filter.correlation_id) {}

  void number(std::string_view column, int64_t value) {
    add(std::string(column) + (narrow_ ? " + 0 = " : " = "), value);
  }
  void wide_text(std::string_view column, const std::optional<std::string>& value) {
    if (value) add(std::string(column) + (narrow_ ? " || '' = " : " = "), std::string_view(*value));
  }
  void narrow_text(std::string_view column, const std::optional<std::string>& value) {
    if (value) add(std::string(column) + " = ", std::string_view(*value));
  }
  void range(Range range, bool whole) {
    if (!whole) add("a.sequence >= ", static_cast<int64_t>(range.first));
    add("a.sequence <= ", static_cast<int64_t>(range.last));
  }
  void raw(std::string_view condition) {
    where += (where.empty() ? "WHERE " : " AND ") + std::string(condition);
  }
  std::string place(Value value) {
    params.push_back(value);
    return "$" + std::to_string(params.size());
  }

  std::string where;
  std::vector<Value> params;

 private:
  void add(std::string comparison, Value value) { raw(comparison + place(value)); }
  const bool narrow_;
};

// The effective status: what is beside the rows counts.
void add_status(Conditions& conditions, RecordStatus status) {
  if (status == RecordStatus::kRolledBack) {
    conditions.raw(
        "a.sequence IN (SELECT sequence FROM audit_rolled_back "
        "UNION ALL SELECT sequence FROM audit_records WHERE status = 3)");
    return;
  }
  conditions.number("a.status", static_cast<int64_t>(status));
  if (!can_be_rolled_back(status)) return;
  conditions.raw("NOT EXISTS (SELECT 1 FROM audit_rolled_back r WHERE r.sequence = a.sequence)");
}

bool only_times(const ListFilter& filter) {
  return !filter.action && !filter.status && !filter.entity_type && !filter.entity_id && !filter.user_id &&
         !filter.correlation_id && !filter.service_name;
}

Conditions conditions_of(const ListFilter& filter, Range range) {
  Conditions conditions(filter);
  conditions.range(range, range.first == 1);
  conditions.narrow_text("a.entity_id", filter.entity_id);
  conditions.narrow_text("a.user_id", filter.user_id);
  conditions.narrow_text("a.correlation_id", filter.correlation_id);
  conditions.wide_text("a.entity_type", filter.entity_type);
  conditions.wide_text("a.service_name", filter.service_name);
  if (filter.action) conditions.number("a.action", static_cast<int64_t>(*filter.action));
  if (filter.status) add_status(conditions, *filter.status);
  return conditions;
}

std::string order_of(const ListFilter& filter) {
  const char* direction = filter.ascending ? " ASC" : " DESC";
  std::string order = " ORDER BY ";
  if (filter.sort_by == SortBy::kAction) order += std::string("a.action") + direction + ", ";
  if (filter.sort_by == SortBy::kEntityType) order += std::string("a.entity_type") + direction + ", ";
  return order + "a.sequence" + direction;
}

}  // namespace

Result<RecordPage> list_records(storage::Connection& connection, const ListFilter& filter) {
  RecordPage page;
  DUCAT_ASSIGN(Range range, range_of(connection, filter));
  if (range.first > range.last) return page;
  int64_t offset = filter.offset;
  bool by_time = only_times(filter);
  if (by_time) {
    page.total = static_cast<int64_t>(range.last - range.first + 1);
    if (offset >= page.total) return page;
  }
  if (by_time && filter.sort_by == SortBy::kCreatedAt) {
    // The page is a range itself: nothing is skipped by reading it.
    filter.ascending ? range.first += static_cast<uint64_t>(offset)
                     : range.last -= static_cast<uint64_t>(offset);
    offset = 0;
  }
  Conditions conditions = conditions_of(filter, range);
  if (!by_time) {
    DUCAT_TRY(connection.query("SELECT count(*) FROM audit_records a " + conditions.where, conditions.params,
                               [&](const Row& row) { page.total = row.int64(0); }));
    if (offset >= page.total) return page;
  }
  std::string order = order_of(filter);
  std::string sql = "SELECT " DUCAT_AUDIT_COLUMNS "FROM (SELECT * FROM audit_records a " + conditions.where +
                    order + " LIMIT " + conditions.place(filter.limit);
  sql += " OFFSET " + conditions.place(offset) + ") a " DUCAT_AUDIT_JOINS + order;
  DUCAT_TRY(connection.query(sql, conditions.params,
                             [&](const Row& row) { page.records.push_back(record_from(row)); }));
  return page;
}

}  // namespace ducat::audit
