// Finding room for the next read.
#include "platform/http/input_buffer.h"

#include <algorithm>
#include <cstring>

namespace ducat::http {

std::span<char> InputBuffer::space() {
  // A block that grew for a large body is not kept by a connection that has none.
  if (!block_ || (begin_ == end_ && block_->capacity > BlockPool::kStandard)) {
    block_ = BlockRef(pool_, pool_.take(BlockPool::kStandard));
    begin_ = parsed_ = end_ = 0;
  }
  if (begin_ == end_ && block_->owners == 1) begin_ = parsed_ = end_ = 0;
  size_t missing = parser_.body_bytes_missing();
  // The last bytes of a body need no more room than they take.
  size_t wanted = missing == 0 ? kMinRead : std::min(missing, kMinRead);
  if (block_->capacity - end_ < wanted) make_room();
  return {block_->data() + end_, block_->capacity - end_};
}

void InputBuffer::make_room() {
  size_t kept = kept_bytes();
  size_t used = kept + unparsed_size();
  // In place only if that frees a good part, or a slow body would be moved again and again.
  size_t worth_it = std::max<size_t>(kMinRead, block_->capacity / 4);
  if (block_->owners == 1 && used + worth_it <= block_->capacity) {
    move(block_->data(), block_->data(), kept);
    return;
  }
  size_t size = BlockPool::kStandard;
  if (used + kMinRead > size) {
    // Twice what has come, not what was announced: memory follows the bytes received.
    size_t missing = parser_.body_bytes_missing();
    size_t more = missing == 0 ? used : std::min(missing, used);
    size = used + std::max(more, kMinRead);
  }
  BlockRef old = std::exchange(block_, BlockRef(pool_, pool_.take(size)));
  move(old->data(), block_->data(), kept);
}

// Of the request begun, without the chunk headers that have been read.
size_t InputBuffer::kept_bytes() const {
  if (!parser_.in_body()) return parsed_ - begin_;
  return static_cast<size_t>(parser_.in_use_end() - (block_->data() + begin_));
}

void InputBuffer::move(char* from, char* to, size_t kept) {
  char* begin = from + begin_;
  size_t unparsed = unparsed_size();
  std::memmove(to, begin, kept);
  std::memmove(to + kept, from + parsed_, unparsed);
  parser_.rebase(begin, to);
  begin_ = 0;
  parsed_ = kept;
  end_ = kept + unparsed;
}

}  // namespace ducat::http
