// See journal_feed.h. Memory holds the newest records without a gap; whoever is further behind reads the
// database until he has caught up.
#include "kernel/journal/journal_feed.h"

#include <algorithm>

#include "base/check.h"

namespace ducat::kernel {

void JournalFeed::durable(std::shared_ptr<const Record> record) {
  {
    std::lock_guard lock(mutex_);
    RecordNumber number = record->number;
    if (!recent_.empty() && recent_.back()->number + 1 != number) {
      recent_.clear();
      recent_bytes_ = 0;
    }
    recent_bytes_ += record->body.size();
    recent_.push_back(std::move(record));
    while (recent_bytes_ > memory_bytes_ && recent_.size() > 1) {
      recent_bytes_ -= recent_.front()->body.size();
      recent_.pop_front();
    }
    end_.store(number, std::memory_order_release);
  }
  call_listeners();
}

void JournalFeed::reached(RecordNumber number) {
  if (end() >= number) return;
  end_.store(number, std::memory_order_release);
  call_listeners();
}

Result<std::vector<std::shared_ptr<const Record>>> JournalFeed::read(RecordNumber after, size_t bytes) {
  if (after >= end()) return std::vector<std::shared_ptr<const Record>>();
  {
    std::lock_guard lock(mutex_);
    if (!recent_.empty() && recent_.front()->number <= after + 1 && recent_.back()->number > after) {
      std::vector<std::shared_ptr<const Record>> records;
      size_t taken = 0;
      for (size_t i = after + 1 - recent_.front()->number; i < recent_.size() && taken < bytes; ++i) {
        records.push_back(recent_[i]);
        taken += recent_[i]->body.size();
      }
      return records;
    }
  }
  return read_database(after, bytes);
}

Result<std::vector<std::shared_ptr<const Record>>> JournalFeed::read_database(RecordNumber after,
                                                                              size_t bytes) {
  DUCAT_CHECK(journal_ != nullptr, "the feed is opened before it is read");
  std::lock_guard lock(reader_mutex_);
  if (!reader_) {
    DUCAT_ASSIGN(reader_, JournalReader::open(*journal_));
  }
  std::vector<std::shared_ptr<const Record>> records;
  size_t taken = 0;
  // A record that is in the database but not yet known to be durable is nobody's to see.
  const RecordNumber end = this->end();
  constexpr std::string_view kEnough = "enough has been read";
  auto read = reader_->read(after, [&](const Record& record) -> Status {
    if (taken >= bytes || record.number > end) return fail(Errc::kCancelled, std::string(kEnough));
    taken += record.body.size();
    records.push_back(std::make_shared<const Record>(record));
    return {};
  });
  if (!read && read.error().code != Errc::kCancelled) {
    reader_.reset();
    return propagate(read);
  }
  return records;
}

uint64_t JournalFeed::listen(std::function<void()> wake) {
  std::lock_guard lock(listeners_mutex_);
  listeners_.emplace(next_listener_, std::move(wake));
  return next_listener_++;
}

void JournalFeed::unlisten(uint64_t listener) {
  std::lock_guard lock(listeners_mutex_);
  listeners_.erase(listener);
}

void JournalFeed::call_listeners() {
  std::lock_guard lock(listeners_mutex_);
  for (const auto& [id, wake] : listeners_) wake();
}

}  // namespace ducat::kernel
