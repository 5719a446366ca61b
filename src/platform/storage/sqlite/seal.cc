// See seal.h. Files are opened as "super-journals": to SQLite the small files with a name of their own, whose
// first sync includes their directory.
#include "platform/storage/sqlite/seal.h"

#include <sqlite3.h>

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/check.h"
#include "platform/storage/concat.h"

namespace ducat::storage::sqlite {
namespace {

constexpr std::string_view kText =
    "The tables beside this file can be trusted: no sync of theirs has failed.\n"
    "Without this file the next start makes them again from the journal.\n";

std::unexpected<Error> failure_of(const std::string& path, std::string_view doing, int code) {
  return fail((code & 0xFF) == SQLITE_FULL ? Errc::kFull : Errc::kIo,
              concat(path, ": ", doing, ": ", sqlite3_errstr(code), " [sqlite ", code, "]"));
}

}  // namespace

Seal::Seal(std::string database, const std::string& vfs)
    : database_(std::move(database)),
      path_(database_ + ".sound"),
      vfs_(sqlite3_vfs_find(vfs.empty() ? nullptr : vfs.c_str())) {
  DUCAT_CHECK(vfs_ != nullptr, "a VFS is registered before it is named");
}

Result<bool> Seal::exists(const std::string& path) const {
  int there = 0;
  int code = vfs_->xAccess(vfs_, path.c_str(), SQLITE_ACCESS_EXISTS, &there);
  if (code != SQLITE_OK) return failure_of(path, "look", code);
  return there != 0;
}

Result<bool> Seal::stands() const {
  return exists(path_);
}

Status Seal::make(const std::string& path) {
  // xOpen takes a name followed by a list of URI parameters: here an empty one.
  std::string name = path + std::string(2, '\0');
  size_t blocks = static_cast<size_t>(vfs_->szOsFile) / sizeof(std::max_align_t) + 1;
  auto memory = std::make_unique<std::max_align_t[]>(blocks);
  auto* file = reinterpret_cast<sqlite3_file*>(memory.get());
  constexpr int kFlags = SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  int code = vfs_->xOpen(vfs_, name.c_str(), file, kFlags, nullptr);
  if (code != SQLITE_OK) return failure_of(path, "make", code);
  code = file->pMethods->xWrite(file, kText.data(), static_cast<int>(kText.size()), 0);
  if (code == SQLITE_OK) code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
  int closed = file->pMethods->xClose(file);
  if (code == SQLITE_OK) code = closed;
  if (code != SQLITE_OK) return failure_of(path, "make", code);
  return {};
}

Status Seal::set() {
  return make(path_);
}

Status Seal::remove() {
  int code = vfs_->xDelete(vfs_, path_.c_str(), 1);
  if (code == SQLITE_OK) return {};
  if (code != SQLITE_IOERR_DELETE_NOENT) return failure_of(path_, "remove", code);
  // Gone, but perhaps not durably: an earlier try may have failed to sync the directory, which SQLite does
  // only after a removal. So another name comes and goes.
  std::string other = path_ + "-gone";
  Status made = make(other);
  code = vfs_->xDelete(vfs_, other.c_str(), 1);
  if (code == SQLITE_OK) return {};
  return made ? failure_of(other, "remove", code) : std::move(made);
}

Status Seal::remove_file(const std::string& path, bool durably) {
  int code = vfs_->xDelete(vfs_, path.c_str(), durably ? 1 : 0);
  if (code == SQLITE_OK || code == SQLITE_IOERR_DELETE_NOENT) return {};
  return failure_of(path, "remove", code);
}

Result<bool> Seal::remove_database() {
  DUCAT_ASSIGN(bool there, exists(database_));
  for (const char* ending : {"-shm", "-wal", "-journal"}) DUCAT_TRY(remove_file(database_ + ending, false));
  // Last, and with it the removal of the others.
  DUCAT_TRY(remove_file(database_, true));
  return there;
}

}  // namespace ducat::storage::sqlite
