#include "sim/world/sim_disk.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace ducat::sim {
namespace {

constexpr uint64_t kMaxFileBytes = uint64_t{1}
                                   << 30;  // a runaway test stops here, not at the machine's memory

struct Change {
  uint64_t offset = 0;  // of a truncate: the new size
  std::string data;
  bool is_truncate = false;
};

void put(std::string& image, uint64_t offset, std::string_view data) {
  if (image.size() < offset + data.size()) image.resize(offset + data.size(), '\0');
  std::memcpy(image.data() + offset, data.data(), data.size());
}

void apply(std::string& image, const Change& change) {
  if (change.is_truncate) {
    image.resize(change.offset, '\0');
  } else {
    put(image, change.offset, change.data);
  }
}

// Calls `each(offset, bytes)` for the parts of a write that lie in different sectors.
template <typename Each>
void for_each_sector(const Change& change, Each each) {
  std::string_view rest = change.data;
  uint64_t at = change.offset;
  while (!rest.empty()) {
    uint64_t size = std::min<uint64_t>(rest.size(), kSectorBytes - at % kSectorBytes);
    each(at, rest.substr(0, size));
    rest.remove_prefix(size);
    at += size;
  }
}

std::unexpected<Error> no_power() {
  return fail(Errc::kUnavailable, "the simulated machine has no power");
}

}  // namespace

struct SimDisk::Inode {
  std::string path;     // for the trace: the name it was created under
  std::string live;     // what readers see
  std::string durable;  // what is on the platter for certain
  std::vector<Change> pending;

  void make_durable() {
    for (const Change& change : pending) apply(durable, change);
    pending.clear();
  }
};

SimDisk::SimDisk(Random& random, Trace& trace) : random_(random), trace_(trace) {}
SimDisk::~SimDisk() = default;

Status SimDisk::usable(const Handle& file) const {
  DUCAT_CHECK(file.inode != nullptr, "a file that was never opened");
  if (dead_ || file.boot != boot_) return no_power();
  return {};
}

bool SimDisk::begin_operation() {
  return ++operations_ == cut_at_;
}

Status SimDisk::cut_now() {
  dead_ = true;
  trace_.add("disk.cut", operations_);
  return no_power();
}

Result<SimDisk::Handle> SimDisk::open(std::string_view path, bool create) {
  if (dead_) return no_power();
  auto found = names_.find(path);
  if (found == names_.end()) {
    if (!create) return fail(Errc::kNotFound, "no such file: " + std::string(path));
    bool cut = begin_operation();
    trace_.add("disk.create", hash64(path));
    auto inode = std::make_shared<Inode>();
    inode->path = path;
    found = names_.emplace(path, inode).first;
    name_changes_.push_back({std::string(path), inode});
    if (cut) DUCAT_TRY(cut_now());
  }
  return Handle{found->second, boot_};
}

Result<size_t> SimDisk::read(const Handle& file, uint64_t offset, std::span<char> into) {
  DUCAT_TRY(usable(file));
  if (failing_reads_ > 0) {
    --failing_reads_;
    trace_.add("disk.read_failed", hash64(file.inode->path), offset);
    return fail(Errc::kIo, "injected read error in " + file.inode->path);
  }
  const std::string& live = file.inode->live;
  if (offset >= live.size()) return size_t{0};
  size_t size = std::min<size_t>(into.size(), live.size() - offset);
  std::memcpy(into.data(), live.data() + offset, size);
  return size;
}

uint64_t SimDisk::used_bytes() const {
  uint64_t used = 0;
  for (const auto& [path, inode] : names_) used += inode->live.size();
  return used;
}

// How far a file that should reach up to `end` may grow.
uint64_t SimDisk::room_for(const Inode& inode, uint64_t end) const {
  if (capacity_ == 0 || end <= inode.live.size()) return end;
  uint64_t used = used_bytes();
  uint64_t room = capacity_ > used ? capacity_ - used : 0;
  return std::min<uint64_t>(end, inode.live.size() + room);
}

Status SimDisk::write(const Handle& file, uint64_t offset, std::string_view data) {
  DUCAT_TRY(usable(file));
  Inode& inode = *file.inode;
  uint64_t end = offset + data.size();
  DUCAT_CHECK(end <= kMaxFileBytes, "a simulated file is beyond any sensible size");
  bool cut = begin_operation();
  trace_.add("disk.write", hash64(inode.path), offset, data.size(), hash64(data));
  uint64_t allowed = room_for(inode, end);
  if (allowed < end) data = data.substr(0, allowed > offset ? allowed - offset : 0);
  if (!data.empty()) {
    put(inode.live, offset, data);
    inode.pending.push_back({offset, std::string(data), false});
  }
  if (cut) return cut_now();
  if (allowed < end) return fail(Errc::kFull, "the simulated disk is full");
  return {};
}

Status SimDisk::truncate(const Handle& file, uint64_t size) {
  DUCAT_TRY(usable(file));
  DUCAT_CHECK(size <= kMaxFileBytes, "a simulated file is beyond any sensible size");
  bool cut = begin_operation();
  trace_.add("disk.truncate", hash64(file.inode->path), size);
  bool fits = room_for(*file.inode, size) == size;
  if (fits) {
    file.inode->live.resize(size, '\0');
    file.inode->pending.push_back({size, {}, true});
  }
  if (cut) return cut_now();
  if (!fits) return fail(Errc::kFull, "the simulated disk is full");
  return {};
}

Status SimDisk::sync(const Handle& file) {
  DUCAT_TRY(usable(file));
  bool cut = begin_operation();
  trace_.add("disk.sync", hash64(file.inode->path), file.inode->pending.size());
  if (cut) return cut_now();
  if (failing_syncs_ > 0 && file.inode->path.starts_with(failing_syncs_where_)) {
    --failing_syncs_;
    keep_some(*file.inode);
    return fail(Errc::kIo, "injected sync error in " + file.inode->path);
  }
  file.inode->make_durable();
  return {};
}

Result<uint64_t> SimDisk::size(const Handle& file) {
  DUCAT_TRY(usable(file));
  return file.inode->live.size();
}

Result<bool> SimDisk::exists(std::string_view path) {
  if (dead_) return no_power();
  return names_.contains(path);
}

Result<uint64_t> SimDisk::size(std::string_view path) {
  if (dead_) return no_power();
  auto found = names_.find(path);
  if (found == names_.end()) return fail(Errc::kNotFound, "no such file: " + std::string(path));
  return found->second->live.size();
}

Status SimDisk::remove(std::string_view path) {
  if (dead_) return no_power();
  auto found = names_.find(path);
  if (found == names_.end()) return fail(Errc::kNotFound, "no such file: " + std::string(path));
  bool cut = begin_operation();
  trace_.add("disk.remove", hash64(path));
  names_.erase(found);
  name_changes_.push_back({std::string(path), nullptr});
  if (cut) return cut_now();
  return {};
}

Status SimDisk::sync_directory() {
  if (dead_) return no_power();
  bool cut = begin_operation();
  trace_.add("disk.sync_directory", name_changes_.size());
  if (cut) return cut_now();
  if (failing_directory_syncs_ > 0) {
    --failing_directory_syncs_;
    keep_some_names();
    return fail(Errc::kIo, "injected sync error in a directory");
  }
  durable_names_ = names_;
  name_changes_.clear();
  return {};
}

// Decides what of the unsynced changes reached the platter; afterwards nothing is pending.
void SimDisk::keep_some(Inode& inode) {
  enum Fate : uint64_t { kNothing, kEverything, kPrefix, kLottery, kFates };
  auto fate = static_cast<Fate>(random_.below(kFates));
  size_t whole = inode.pending.size();  // how many changes survive entirely
  if (fate == kNothing) whole = 0;
  if (fate == kPrefix) whole = random_.below(inode.pending.size() + 1);
  for (size_t i = 0; i < inode.pending.size(); ++i) {
    const Change& change = inode.pending[i];
    if (fate != kLottery && i < whole) apply(inode.durable, change);
    bool torn = fate == kLottery || (fate == kPrefix && i == whole);
    if (!torn) continue;
    if (change.is_truncate) {
      if (random_.below(2) == 0) apply(inode.durable, change);
      continue;
    }
    for_each_sector(change, [&](uint64_t at, std::string_view bytes) {
      if (random_.below(2) == 0) {
        put(inode.durable, at, bytes);
      } else if (at + bytes.size() > inode.durable.size() && random_.below(4) == 0) {
        // The file grew, its data did not arrive: the sector shows what was there before.
        std::string garbage(bytes.size(), '\0');
        for (char& byte : garbage) byte = static_cast<char>(random_.next());
        uint64_t kept = inode.durable.size() > at ? inode.durable.size() - at : 0;
        put(inode.durable, at + kept, std::string_view(garbage).substr(kept));
      }
    });
  }
  trace_.add("disk.fate", hash64(inode.path), fate, whole, hash64(inode.durable));
  inode.pending.clear();
}

void SimDisk::keep_some_names() {
  std::map<std::string, std::vector<std::shared_ptr<Inode>>> changes;
  for (NameChange& change : name_changes_) changes[change.path].push_back(std::move(change.inode));
  for (auto& [path, states] : changes) {
    size_t kept = random_.below(states.size() + 1);
    trace_.add("disk.name_fate", hash64(path), kept, states.size());
    if (kept == 0) continue;
    if (auto& inode = states[kept - 1]; inode != nullptr) {
      durable_names_[path] = std::move(inode);
    } else {
      durable_names_.erase(path);
    }
  }
  name_changes_.clear();
}

void SimDisk::start_again() {
  dead_ = false;
  cut_at_ = 0;
  ++boot_;
}

void SimDisk::reboot_after_power_cut() {
  keep_some_names();
  names_ = durable_names_;
  for (auto& [path, inode] : names_) {
    keep_some(*inode);
    inode->live = inode->durable;
  }
  start_again();
}

void SimDisk::reboot_after_kill() {
  trace_.add("disk.kill", operations_);
  start_again();
}

}  // namespace ducat::sim
