// Preparing and binding.
#include "platform/storage/sqlite/statement.h"

#include <charconv>

#include "base/check.h"
#include "platform/storage/sqlite/errors.h"

namespace ducat::storage::sqlite {
namespace {

// n of "$n".
int number_of(const char* name) {
  DUCAT_CHECK(name != nullptr && (name[0] == '$' || name[0] == '?'), "parameters are $1, $2 …");
  int number = 0;
  std::string_view digits(name + 1);
  auto end = std::from_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  DUCAT_CHECK(end == digits.data() + digits.size() && number > 0, "parameters are $1, $2 …");
  return number;
}

}  // namespace

Result<Statement> Statement::prepare(sqlite3* db, std::string_view sql, bool keep, std::string_view file) {
  sqlite3_stmt* handle = nullptr;
  const char* tail = nullptr;
  unsigned flags = keep ? SQLITE_PREPARE_PERSISTENT : 0;
  int code = sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), flags, &handle, &tail);
  if (code != SQLITE_OK) return failure(db, code, file, sql.substr(0, 200));
  Statement statement;
  statement.handle_.reset(handle);
  std::string_view rest(tail, static_cast<size_t>(sql.data() + sql.size() - tail));
  if (handle == nullptr || rest.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
    return fail(Errc::kInvalid, "not one statement: " + std::string(sql.substr(0, 200)));
  }
  for (int i = 1; i <= sqlite3_bind_parameter_count(handle); i++) {
    int number = number_of(sqlite3_bind_parameter_name(handle, i));
    statement.numbers_.push_back(number - 1);
    statement.needed_ = std::max(statement.needed_, static_cast<size_t>(number));
  }
  return statement;
}

int Statement::bind(std::span<const Value> params) {
  DUCAT_CHECK(params.size() == needed_, "as many parameters as the statement has");
  sqlite3_stmt* statement = handle();
  for (size_t i = 0; i < numbers_.size(); i++) {
    const Value& value = params[static_cast<size_t>(numbers_[i])];
    int index = static_cast<int>(i) + 1;
    int code = SQLITE_OK;
    if (const auto* number = std::get_if<int64_t>(&value)) {
      code = sqlite3_bind_int64(statement, index, *number);
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      code = bind_text(statement, index, *text);
    } else if (const auto* blob = std::get_if<Blob>(&value)) {
      code = bind_blob(statement, index, blob->bytes);
    } else {
      code = sqlite3_bind_null(statement, index);
    }
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

}  // namespace ducat::storage::sqlite
