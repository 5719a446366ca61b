// The exchanges of one connection in the order of their requests: a ring that grows to the most that were
// ever open at once and then allocates nothing more.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "platform/http/exchange.h"

namespace ducat::http {

// One thread. The exchanges' addresses never change.
class ExchangeRing {
 public:
  explicit ExchangeRing(Connection& connection) : connection_(connection) {}

  bool empty() const { return first_ == next_; }
  size_t size() const { return static_cast<size_t>(next_ - first_); }
  // How many requests there have been.
  uint64_t begun() const { return next_; }

  PendingExchange& front() { return *slots_[first_ & (slots_.size() - 1)]; }
  void pop_front() { ++first_; }

  // The place of the next request: the same one until it is pushed.
  PendingExchange& incoming() {
    if (size() == slots_.size()) grow();
    return *slots_[next_ & (slots_.size() - 1)];
  }
  void push_incoming() { ++next_; }

 private:
  void grow() {
    std::vector<std::unique_ptr<PendingExchange>> larger(slots_.empty() ? 1 : slots_.size() * 2);
    for (uint64_t i = first_; i != next_; ++i) {
      larger[i & (larger.size() - 1)] = std::move(slots_[i & (slots_.size() - 1)]);
    }
    for (auto& slot : larger) {
      if (slot == nullptr) slot = std::make_unique<PendingExchange>(connection_);
    }
    slots_.swap(larger);
  }

  Connection& connection_;
  std::vector<std::unique_ptr<PendingExchange>> slots_;  // a power of two of them
  uint64_t first_ = 0;
  uint64_t next_ = 0;
};

}  // namespace ducat::http
