// What a process leaves in a log whose sync has failed: the system's cache has it, the disk may not.
//
// Why: a commit whose sync fails is refused, but its frames stand in the log's file. If the process dies
// then, the next one finds them, takes them for a commit, and writes behind them. Its syncs succeed, since
// Linux forgets which pages it could not write, and yet a power cut leaves a hole in the log, which ends
// there: everything behind it is lost, whoever was told of it. Nor would a checkpoint help: it trusts the
// log's sync as well. So whoever is to build on a log first writes what is in it once more, byte for byte,
// and syncs that.
#pragma once

#include <string>

#include "base/result.h"

namespace ducat::storage::sqlite {

// Makes the log beside the database durable as it is; nothing if there is none. The caller has the database's
// write lock. `vfs` is a registered VFS by name; empty: the system's. Blocks: it reads and writes the whole
// log. kIo, kFull: it is not known to be durable.
Status rewrite_log(const std::string& database, const std::string& vfs);

}  // namespace ducat::storage::sqlite
