// See turns.h.
#include "services/transactions/turns.h"

namespace ducat::transactions {

bool Turns::enter(Turn& turn, Timestamp deadline, std::coroutine_handle<> handle) {
  std::lock_guard lock(mutex_);
  if (closed_) return false;
  auto [queue, free] = queues_.try_emplace(turn.key_);
  if (free) {
    turn.mine_ = true;
    return false;
  }
  if (queue->second.size() >= waiting_) return false;
  turn.deadline_ = deadline;
  turn.handle_ = handle;
  queue->second.push_back(&turn);
  return true;
}

void Turns::leave(const Key& key) {
  std::lock_guard lock(mutex_);
  auto queue = queues_.find(key);
  if (queue->second.empty()) {
    queues_.erase(queue);
    return;
  }
  Turn* next = queue->second.front();
  queue->second.pop_front();
  next->mine_ = true;
  next->home_.post([handle = next->handle_] { handle.resume(); });
}

void Turns::expire(Timestamp now) {
  std::lock_guard lock(mutex_);
  for (auto& [key, queue] : queues_) {
    std::erase_if(queue, [&](Turn* turn) {
      if (turn->deadline_ > now) return false;
      turn->home_.post([handle = turn->handle_] { handle.resume(); });
      return true;
    });
  }
}

void Turns::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  expire({INT64_MAX});
}

}  // namespace ducat::transactions
