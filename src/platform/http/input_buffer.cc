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
  size_t used = end_ - begin_;
  if (block_->owners == 1 && begin_ > 0 && used + kMinRead <= block_->capacity) {
    move(block_->data(), block_->data());
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
  move(old->data(), block_->data());
}

// Keeps the request begun, drops the chunk headers that have been read, and puts the unparsed bytes behind.
void InputBuffer::move(char* from, char* to) {
  char* begin = from + begin_;
  size_t kept = parsed_ - begin_;
  if (parser_.in_body()) kept = static_cast<size_t>(parser_.in_use_end() - begin);
  size_t unparsed = end_ - parsed_;
  std::memmove(to, begin, kept);
  std::memmove(to + kept, from + parsed_, unparsed);
  parser_.rebase(begin, to);
  begin_ = 0;
  parsed_ = kept;
  end_ = kept + unparsed;
}

}  // namespace ducat::http
