// Whether a file of tables may be trusted: a small file beside it that stands as long as every sync has
// succeeded.
//
// Why: after a sync has failed Linux forgets which pages it could not write, and the next sync succeeds. A
// checkpoint that follows trusts a log that is not on the disk, and a power cut in the middle of it leaves
// the file damaged without anybody noticing. So whoever sees a sync fail breaks the seal before there is
// another checkpoint, and a start that finds none makes the tables again from their journal.
//
// Why the mark is a file's absence: it is needed when a disk is failing or full. Removing a name takes no
// room, its durability can be checked, and whatever else goes wrong (a start cut short, a copy without the
// seal) ends on the safe side.
#pragma once

#include <string>

#include "base/result.h"

struct sqlite3_vfs;

namespace ducat::storage::sqlite {

// The seal of one database file. Works through SQLite's VFS, so that it stands on the same disk in tests. Any
// thread, one at a time.
class Seal {
 public:
  // `vfs` is a registered VFS by name; empty: the system's.
  Seal(std::string database, const std::string& vfs);

  Result<bool> stands() const;
  // Makes it, durably; so are then the database's name and what was removed before.
  Status set();
  // Removes it, durably; harmless if it is gone. After an error a power cut may bring it back, a restart
  // alone does not; call it again.
  Status remove();
  // Removes the database with its log, durably; answers whether there was one. Only while the seal is known
  // to be gone, and nobody has the database open.
  Result<bool> remove_database();

  const std::string& path() const { return path_; }

 private:
  Result<bool> exists(const std::string& path) const;
  Status make(const std::string& path);
  Status remove_file(const std::string& path, bool durably);

  std::string database_;
  std::string path_;
  sqlite3_vfs* vfs_;
};

}  // namespace ducat::storage::sqlite
