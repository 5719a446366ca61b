// The memory that requests are received into. A request's views point into its block, so a block is counted:
// by the connection that fills it and by every exchange that has not been answered. Standard blocks are
// recycled.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

namespace ducat::http {

// Received bytes; the header of one allocation. One thread.
struct InputBlock {
  uint32_t owners = 0;
  uint32_t capacity = 0;
  char* data() { return reinterpret_cast<char*>(this + 1); }
};

// Makes blocks and keeps up to kMaxSpare standard ones for reuse. One thread; outlives its blocks.
class BlockPool {
 public:
  static constexpr uint32_t kStandard = 8 << 10;

  BlockPool() { spare_.reserve(kMaxSpare); }
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  ~BlockPool() {
    for (InputBlock* block : spare_) std::free(block);
  }

  // A block without owners that has room for at least `size` bytes.
  InputBlock* take(size_t size) {
    if (size <= kStandard && !spare_.empty()) {
      InputBlock* block = spare_.back();
      spare_.pop_back();
      return block;
    }
    uint32_t capacity = size <= kStandard ? kStandard : static_cast<uint32_t>(size);
    void* memory = std::malloc(sizeof(InputBlock) + capacity);
    if (memory == nullptr) throw std::bad_alloc();
    return new (memory) InputBlock{0, capacity};
  }

  void give_back(InputBlock* block) {
    if (block->capacity == kStandard && spare_.size() < kMaxSpare) {
      spare_.push_back(block);
    } else {
      std::free(block);
    }
  }

 private:
  static constexpr size_t kMaxSpare = 256;
  std::vector<InputBlock*> spare_;
};

// One owner's share of a block.
class BlockRef {
 public:
  BlockRef() = default;
  BlockRef(BlockPool& pool, InputBlock* block) : pool_(&pool), block_(block) { ++block_->owners; }
  BlockRef(const BlockRef& other) : pool_(other.pool_), block_(other.block_) {
    if (block_ != nullptr) ++block_->owners;
  }
  BlockRef(BlockRef&& other) noexcept : pool_(other.pool_), block_(std::exchange(other.block_, nullptr)) {}
  BlockRef& operator=(BlockRef other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(block_, other.block_);
    return *this;
  }
  ~BlockRef() { reset(); }

  void reset() {
    if (block_ != nullptr && --block_->owners == 0) pool_->give_back(block_);
    block_ = nullptr;
  }
  InputBlock* operator->() const { return block_; }
  explicit operator bool() const { return block_ != nullptr; }

 private:
  BlockPool* pool_ = nullptr;
  InputBlock* block_ = nullptr;
};

}  // namespace ducat::http
