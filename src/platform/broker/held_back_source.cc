// See held_back_source.h.
#include "platform/broker/held_back_source.h"

#include <algorithm>

namespace ducat::broker {
namespace {

// One position for each slice of the delay is enough, however often positions are reported.
constexpr int64_t kSlices = 1000;

}  // namespace

Result<uint64_t> HeldBackSource::published() {
  std::lock_guard lock(mutex_);
  held_.clear();
  DUCAT_ASSIGN(passed_, source_.published());
  newest_ = {{}, passed_};
  return passed_;
}

Status HeldBackSource::set_published(uint64_t number) {
  {
    std::lock_guard lock(mutex_);
    newest_ = {clock_.monotonic(), number};
    Duration slice{delay_.micros / kSlices};
    if (held_.empty() || newest_.since - held_.back().since >= slice) held_.push_back(newest_);
  }
  return pass_on();
}

Status HeldBackSource::pass_on() {
  std::lock_guard lock(mutex_);
  Timestamp old = clock_.monotonic() - delay_;
  uint64_t number = passed_;
  while (!held_.empty() && held_.front().since <= old) {
    number = std::max(number, held_.front().number);
    held_.pop_front();
  }
  if (newest_.since <= old) number = std::max(number, newest_.number);
  if (number == passed_) return {};
  Status saved = source_.set_published(number);
  if (saved) {
    passed_ = number;
  } else {
    held_.push_front({old, number});
  }
  return saved;
}

}  // namespace ducat::broker
