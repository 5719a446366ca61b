// See unsynced_log.h.
#include "platform/storage/sqlite/unsynced_log.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "base/check.h"
#include "platform/storage/concat.h"

namespace ducat::storage::sqlite {
namespace {

// SQLite's own VFS writes less than 128 KiB at once.
constexpr sqlite3_int64 kChunkBytes = sqlite3_int64{64} << 10;

// SQLite's codes, as all of its file methods answer.
int rewrite(sqlite3_file* file) {
  sqlite3_int64 size = 0;
  int code = file->pMethods->xFileSize(file, &size);
  std::vector<char> bytes(static_cast<size_t>(std::min(size, kChunkBytes)));
  for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size; at += kChunkBytes) {
    int length = static_cast<int>(std::min(size - at, kChunkBytes));
    code = file->pMethods->xRead(file, bytes.data(), length, at);
    if (code == SQLITE_OK) code = file->pMethods->xWrite(file, bytes.data(), length, at);
  }
  return code == SQLITE_OK ? file->pMethods->xSync(file, SQLITE_SYNC_FULL) : code;
}

}  // namespace

Status rewrite_log(const std::string& database, const std::string& vfs) {
  sqlite3_vfs* on = sqlite3_vfs_find(vfs.empty() ? nullptr : vfs.c_str());
  DUCAT_CHECK(on != nullptr, "a VFS is registered before it is named");
  const std::string path = database + "-wal";
  int there = 0;
  int code = SQLITE_OK;
  // A log without its database is none.
  for (const std::string& needed : {database, path}) {
    code = on->xAccess(on, needed.c_str(), SQLITE_ACCESS_EXISTS, &there);
    if (code == SQLITE_OK && there == 0) return {};
    if (code != SQLITE_OK) break;
  }
  if (code == SQLITE_OK) {
    // xOpen takes a name followed by a list of URI parameters: here an empty one.
    std::string name = path + std::string(2, '\0');
    size_t blocks = static_cast<size_t>(on->szOsFile) / sizeof(std::max_align_t) + 1;
    auto memory = std::make_unique<std::max_align_t[]>(blocks);
    auto* file = reinterpret_cast<sqlite3_file*>(memory.get());
    code = on->xOpen(on, name.c_str(), file, SQLITE_OPEN_WAL | SQLITE_OPEN_READWRITE, nullptr);
    if (code == SQLITE_OK) {
      code = rewrite(file);
      int closed = file->pMethods->xClose(file);
      if (code == SQLITE_OK) code = closed;
    }
  }
  if (code == SQLITE_OK) return {};
  return fail((code & 0xFF) == SQLITE_FULL ? Errc::kFull : Errc::kIo,
              concat(path, ": write once more: ", sqlite3_errstr(code), " [sqlite ", code, "]"));
}

}  // namespace ducat::storage::sqlite
