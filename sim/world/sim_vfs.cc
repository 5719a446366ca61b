#include "sim/world/sim_vfs.h"

#include <sqlite3.h>

#include <map>

#include "base/check.h"
#include "sim/world/sim_locks.h"

namespace ducat::sim {
namespace {

constexpr int kMaxPath = 512;
constexpr int64_t kJulianMillisAtUnixEpoch = 210'866'760'000'000;
constexpr uint64_t kSyncMicros = 2'000;  // at most, like a good SSD
constexpr uint64_t kAccessMicros = 20;

// What one sqlite3_file stands for.
struct OpenFile {
  SimVfs::Impl* vfs = nullptr;
  SimDisk::Handle handle;
  std::string path;
  std::shared_ptr<SharedFile> shared;
  Locker locker;
  bool delete_on_close = false;
  bool owes_directory_sync = false;  // a new journal: its name must be as durable as its bytes
  bool persist_wal = false;
};

struct VfsFile {
  sqlite3_file base;
  OpenFile* open;
};

}  // namespace

struct SimVfs::Impl {
  sqlite3_vfs vfs{};
  std::string name;
  SimDisk& disk;
  Random& random;
  SimScheduler& scheduler;
  // By boot too: a connection that a crash left behind shares nothing with those after it.
  std::map<std::pair<uint64_t, std::string>, std::weak_ptr<SharedFile>> shared;
  size_t open_files = 0;
  uint64_t temporary_files = 0;

  Impl(std::string vfs_name, SimDisk& sim_disk, Random& sim_random, SimScheduler& sim_scheduler)
      : name(std::move(vfs_name)), disk(sim_disk), random(sim_random), scheduler(sim_scheduler) {}

  std::shared_ptr<SharedFile> share(const std::string& path) {
    auto& slot = shared[{disk.boot(), path}];
    auto file = slot.lock();
    if (!file) slot = file = std::make_shared<SharedFile>();
    return file;
  }
  void spend(uint64_t at_most_micros) {
    scheduler.spend({static_cast<int64_t>(random.below(at_most_micros) + 1)});
  }
};

namespace {

SimVfs::Impl& impl_of(sqlite3_vfs* vfs) {
  return *static_cast<SimVfs::Impl*>(vfs->pAppData);
}
OpenFile& open_of(sqlite3_file* file) {
  return *reinterpret_cast<VfsFile*>(file)->open;
}

// ENOSPC has a code of its own; everything else is the operation's own I/O error.
int sqlite_code(const Status& status, int io_error) {
  if (status) return SQLITE_OK;
  return status.error().code == Errc::kFull ? SQLITE_FULL : io_error;
}

// ---- sqlite3_io_methods

int file_close(sqlite3_file* file) {
  OpenFile& open = open_of(file);
  SimVfs::Impl& vfs = *open.vfs;
  open.shared->remove(open.locker);
  int code = SQLITE_OK;
  if (open.delete_on_close && vfs.disk.boot() == open.handle.boot) {
    code = sqlite_code(vfs.disk.remove(open.path), SQLITE_IOERR_DELETE);
  }
  DUCAT_CHECK(vfs.open_files > 0, "every close has its open");
  --vfs.open_files;
  delete &open;
  file->pMethods = nullptr;
  return code;
}

int file_read(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
  OpenFile& open = open_of(file);
  auto* bytes = static_cast<char*>(into);
  auto wanted = static_cast<size_t>(size);
  auto got = open.vfs->disk.read(open.handle, static_cast<uint64_t>(offset), {bytes, wanted});
  if (!got) return SQLITE_IOERR_READ;
  if (*got == wanted) return SQLITE_OK;
  std::memset(bytes + *got, 0, wanted - *got);  // SQLite relies on the zeros
  return SQLITE_IOERR_SHORT_READ;
}

int file_write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  OpenFile& open = open_of(file);
  open.vfs->spend(kAccessMicros);
  std::string_view bytes(static_cast<const char*>(data), static_cast<size_t>(size));
  return sqlite_code(open.vfs->disk.write(open.handle, static_cast<uint64_t>(offset), bytes),
                     SQLITE_IOERR_WRITE);
}

int file_truncate(sqlite3_file* file, sqlite3_int64 size) {
  OpenFile& open = open_of(file);
  return sqlite_code(open.vfs->disk.truncate(open.handle, static_cast<uint64_t>(size)),
                     SQLITE_IOERR_TRUNCATE);
}

int file_sync(sqlite3_file* file, int /*normal, full or data only: always full here*/) {
  OpenFile& open = open_of(file);
  open.vfs->spend(kSyncMicros);
  if (Status status = open.vfs->disk.sync(open.handle); !status)
    return sqlite_code(status, SQLITE_IOERR_FSYNC);
  if (!open.owes_directory_sync) return SQLITE_OK;
  Status status = open.vfs->disk.sync_directory();
  if (status) open.owes_directory_sync = false;
  return sqlite_code(status, SQLITE_IOERR_DIR_FSYNC);
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  OpenFile& open = open_of(file);
  auto answer = open.vfs->disk.size(open.handle);
  if (!answer) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(*answer);
  return SQLITE_OK;
}

LockLevel level_of(int sqlite_level) {
  switch (sqlite_level) {
    case SQLITE_LOCK_NONE:
      return LockLevel::kNone;
    case SQLITE_LOCK_SHARED:
      return LockLevel::kShared;
    case SQLITE_LOCK_RESERVED:
      return LockLevel::kReserved;
    case SQLITE_LOCK_PENDING:
      return LockLevel::kPending;
    default:
      return LockLevel::kExclusive;
  }
}

int file_lock(sqlite3_file* file, int level) {
  OpenFile& open = open_of(file);
  return open.shared->lock(open.locker, level_of(level)) ? SQLITE_OK : SQLITE_BUSY;
}

int file_unlock(sqlite3_file* file, int level) {
  OpenFile& open = open_of(file);
  open.shared->unlock(open.locker, level_of(level));
  return SQLITE_OK;
}

int file_check_reserved(sqlite3_file* file, int* answer) {
  *answer = open_of(file).shared->reserved() ? 1 : 0;
  return SQLITE_OK;
}

int file_control(sqlite3_file* file, int operation, void* argument) {
  OpenFile& open = open_of(file);
  auto* number = static_cast<int*>(argument);
  switch (operation) {
    case SQLITE_FCNTL_PERSIST_WAL:
      if (*number >= 0) open.persist_wal = *number != 0;
      *number = open.persist_wal ? 1 : 0;
      return SQLITE_OK;
    case SQLITE_FCNTL_VFSNAME:
      *static_cast<char**>(argument) = sqlite3_mprintf("%s", open.vfs->name.c_str());
      return SQLITE_OK;
    case SQLITE_FCNTL_HAS_MOVED:
      *number = 0;
      return SQLITE_OK;
    default:
      return SQLITE_NOTFOUND;
  }
}

int file_sector_size(sqlite3_file*) {
  return static_cast<int>(kSectorBytes);
}

// True of SimDisk: bytes beside a write never change. Not true: atomic writes, safe appends, order.
int file_device(sqlite3_file*) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

int file_shm_map(sqlite3_file* file, int index, int bytes, int extend, void volatile** region) {
  OpenFile& open = open_of(file);
  *region = open.shared->shm_region(open.locker, static_cast<size_t>(index), static_cast<size_t>(bytes),
                                    extend != 0);
  return SQLITE_OK;
}

int file_shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  OpenFile& open = open_of(file);
  DUCAT_CHECK(offset >= 0 && count >= 1 && offset + count <= kShmSlots, "a slot the wal-index does not have");
  auto mask = static_cast<uint16_t>(((1U << count) - 1) << offset);
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    open.shared->shm_unlock(open.locker, mask);
    return SQLITE_OK;
  }
  return open.shared->shm_lock(open.locker, mask, (flags & SQLITE_SHM_EXCLUSIVE) != 0) ? SQLITE_OK
                                                                                       : SQLITE_BUSY;
}

void file_shm_barrier(sqlite3_file*) {}  // one thread

int file_shm_unmap(sqlite3_file* file, int /*delete: plain memory goes anyway*/) {
  OpenFile& open = open_of(file);
  open.shared->shm_unmap(open.locker);
  return SQLITE_OK;
}

const sqlite3_io_methods kFileMethods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_device,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

// ---- sqlite3_vfs

int vfs_open(sqlite3_vfs* vfs, sqlite3_filename path, sqlite3_file* file, int flags, int* out_flags) {
  SimVfs::Impl& impl = impl_of(vfs);
  file->pMethods = nullptr;  // no close after a failed open
  bool create = (flags & SQLITE_OPEN_CREATE) != 0;
  std::string name = path != nullptr ? path : "/tmp/" + std::to_string(++impl.temporary_files);
  auto existed = impl.disk.exists(name);
  if (!existed || (*existed && create && (flags & SQLITE_OPEN_EXCLUSIVE) != 0)) return SQLITE_CANTOPEN;
  auto handle = impl.disk.open(name, create);
  if (!handle) return SQLITE_CANTOPEN;

  constexpr int kJournals = SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;
  auto open = std::make_unique<OpenFile>();
  open->vfs = &impl;
  open->handle = std::move(*handle);
  open->path = name;
  open->shared = impl.share(name);
  open->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  // Even if it was there already: the process that made it may have died before its first sync.
  open->owes_directory_sync = create && (flags & kJournals) != 0;
  open->shared->add(open->locker);
  ++impl.open_files;
  reinterpret_cast<VfsFile*>(file)->open = open.release();
  file->pMethods = &kFileMethods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int vfs_delete(sqlite3_vfs* vfs, const char* path, int sync_directory) {
  SimDisk& disk = impl_of(vfs).disk;
  if (Status status = disk.remove(path); !status) {
    return status.error().code == Errc::kNotFound ? SQLITE_IOERR_DELETE_NOENT : SQLITE_IOERR_DELETE;
  }
  if (sync_directory == 0) return SQLITE_OK;
  return sqlite_code(disk.sync_directory(), SQLITE_IOERR_DIR_FSYNC);
}

int vfs_access(sqlite3_vfs* vfs, const char* path, int flags, int* answer) {
  *answer = 0;
  auto size = impl_of(vfs).disk.size(path);
  if (!size) return size.error().code == Errc::kNotFound ? SQLITE_OK : SQLITE_IOERR_ACCESS;
  // As on Unix, an empty file does not count as existing: an empty journal is none.
  *answer = flags != SQLITE_ACCESS_EXISTS || *size > 0 ? 1 : 0;
  return SQLITE_OK;
}

int vfs_full_pathname(sqlite3_vfs*, const char* path, int size, char* out) {
  std::string full = path[0] == '/' ? path : "/" + std::string(path);
  if (full.size() + 1 > static_cast<size_t>(size)) return SQLITE_CANTOPEN;
  std::memcpy(out, full.c_str(), full.size() + 1);
  return SQLITE_OK;
}

void* vfs_dl_open(sqlite3_vfs*, const char*) {
  return nullptr;
}  // no extensions in here
void vfs_dl_error(sqlite3_vfs*, int size, char* out) {
  sqlite3_snprintf(size, out, "no extensions in the simulator");
}
void (*vfs_dl_sym(sqlite3_vfs*, void*, const char*))() {
  return nullptr;
}
void vfs_dl_close(sqlite3_vfs*, void*) {}

int vfs_randomness(sqlite3_vfs* vfs, int size, char* out) {
  for (int i = 0; i < size; ++i) out[i] = static_cast<char>(impl_of(vfs).random.next());
  return size;
}

int vfs_sleep(sqlite3_vfs* vfs, int micros) {
  impl_of(vfs).scheduler.spend({micros});
  return micros;
}

int vfs_time_millis(sqlite3_vfs* vfs, sqlite3_int64* julian_millis) {
  *julian_millis = impl_of(vfs).scheduler.now().millis() + kJulianMillisAtUnixEpoch;
  return SQLITE_OK;
}

int vfs_time(sqlite3_vfs* vfs, double* julian_days) {
  sqlite3_int64 millis = 0;
  int code = vfs_time_millis(vfs, &millis);
  *julian_days = static_cast<double>(millis) / 86'400'000.0;
  return code;
}

int vfs_last_error(sqlite3_vfs*, int, char*) {
  return 0;
}

void fill(sqlite3_vfs& vfs, SimVfs::Impl& impl) {
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(VfsFile);
  vfs.mxPathname = kMaxPath;
  vfs.zName = impl.name.c_str();
  vfs.pAppData = &impl;
  vfs.xOpen = vfs_open;
  vfs.xDelete = vfs_delete;
  vfs.xAccess = vfs_access;
  vfs.xFullPathname = vfs_full_pathname;
  vfs.xDlOpen = vfs_dl_open;
  vfs.xDlError = vfs_dl_error;
  vfs.xDlSym = vfs_dl_sym;
  vfs.xDlClose = vfs_dl_close;
  vfs.xRandomness = vfs_randomness;
  vfs.xSleep = vfs_sleep;
  vfs.xCurrentTime = vfs_time;
  vfs.xGetLastError = vfs_last_error;
  vfs.xCurrentTimeInt64 = vfs_time_millis;
}

}  // namespace

SimVfs::SimVfs(std::string name, SimDisk& disk, Random& random, SimScheduler& scheduler, bool is_default)
    : impl_(std::make_unique<Impl>(std::move(name), disk, random, scheduler)) {
  fill(impl_->vfs, *impl_);
  int code = sqlite3_vfs_register(&impl_->vfs, is_default ? 1 : 0);
  DUCAT_CHECK(code == SQLITE_OK, "SQLite takes a VFS");
  sqlite3_randomness(0, nullptr);  // its generator is seeded anew, from the default VFS: a simulated one
}

SimVfs::~SimVfs() {
  DUCAT_CHECK(impl_->open_files == 0, "connections are closed before their VFS goes");
  sqlite3_vfs_unregister(&impl_->vfs);
  sqlite3_randomness(0, nullptr);
}

const std::string& SimVfs::name() const {
  return impl_->name;
}
size_t SimVfs::open_files() const {
  return impl_->open_files;
}

}  // namespace ducat::sim
