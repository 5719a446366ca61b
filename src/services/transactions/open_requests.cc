// See open_requests.h. A waiter whose outcome is set and that does not sleep may be gone as soon as the lock
// is free; one that sleeps stays until it is resumed.
#include "services/transactions/open_requests.h"

#include <algorithm>

namespace ducat::transactions {
namespace {

struct Wake {
  Executor* home;
  std::coroutine_handle<> handle;
};

void resume(const std::vector<Wake>& sleepers) {
  for (const Wake& wake : sleepers) {
    wake.home->post([handle = wake.handle] { handle.resume(); });
  }
}

}  // namespace

OpenRequests::Waiter::Waiter(OpenRequests& table, const CorrelationId& correlation, Executor& home,
                             bool owner)
    : table_(table), correlation_(correlation), home_(home), owner_(owner) {
  std::lock_guard lock(table_.mutex_);
  if (table_.closed_) {
    resolved_ = true;
  } else {
    table_.waiters_[correlation].push_back(this);
  }
}

OpenRequests::Waiter::~Waiter() {
  std::lock_guard lock(table_.mutex_);
  if (!owner_) std::erase(table_.others_, this);
  auto found = table_.waiters_.find(correlation_);
  if (found == table_.waiters_.end()) return;
  std::erase(found->second, this);
  if (found->second.empty()) table_.waiters_.erase(found);
}

bool OpenRequests::settle(Waiter& waiter, const Outcome& outcome) {
  if (waiter.resolved_) return false;
  waiter.resolved_ = true;
  waiter.outcome_ = outcome;
  return static_cast<bool>(waiter.handle_);
}

bool OpenRequests::park(Waiter& waiter, Timestamp deadline, std::coroutine_handle<> handle) {
  std::lock_guard lock(mutex_);
  if (waiter.resolved_) return false;
  waiter.handle_ = handle;
  waiter.deadline_ = deadline;
  if (waiter.owner_) {
    // Those that were decided in time leave from the front.
    while (!owners_.empty() && !waiters_.contains(owners_.front().correlation)) owners_.pop_front();
    owners_.push_back({deadline, waiter.correlation_});
  } else {
    others_.push_back(&waiter);
  }
  return true;
}

void OpenRequests::resolve(const CorrelationId& correlation, const Outcome& outcome) {
  std::vector<Wake> sleepers;
  {
    std::lock_guard lock(mutex_);
    auto found = waiters_.extract(correlation);
    if (!found) return;
    for (Waiter* waiter : found.mapped()) {
      if (settle(*waiter, outcome)) sleepers.push_back({&waiter->home_, waiter->handle_});
    }
  }
  resume(sleepers);
}

std::vector<CorrelationId> OpenRequests::overdue(Timestamp now) {
  std::vector<CorrelationId> due;
  std::vector<Wake> sleepers;
  {
    std::lock_guard lock(mutex_);
    while (!owners_.empty() && owners_.front().deadline <= now) {
      if (waiters_.contains(owners_.front().correlation)) due.push_back(owners_.front().correlation);
      owners_.pop_front();
    }
    std::erase_if(others_, [&](Waiter* waiter) {
      if (waiter->deadline_ > now) return false;
      if (settle(*waiter, {OutcomeKind::kTooLate, nullptr})) {
        sleepers.push_back({&waiter->home_, waiter->handle_});
      }
      return true;
    });
  }
  resume(sleepers);
  return due;
}

void OpenRequests::close() {
  std::vector<Wake> sleepers;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    for (auto& [correlation, waiters] : waiters_) {
      for (Waiter* waiter : waiters) {
        if (settle(*waiter, {OutcomeKind::kStopping, nullptr})) {
          sleepers.push_back({&waiter->home_, waiter->handle_});
        }
      }
    }
    waiters_.clear();
    owners_.clear();
  }
  resume(sleepers);
}

size_t OpenRequests::size() const {
  std::lock_guard lock(mutex_);
  return waiters_.size();
}

}  // namespace ducat::transactions
