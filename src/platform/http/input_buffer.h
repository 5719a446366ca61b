// What a connection has received and not yet handed over: [begin | parsed so far | unparsed | free] in one
// block. Requests stay where they were received; only the beginning of an unfinished one moves, when its
// block is full.
#pragma once

#include <cstdint>
#include <span>

#include "platform/http/input_block.h"
#include "platform/http/request_parser.h"

namespace ducat::http {

// One thread.
class InputBuffer {
 public:
  InputBuffer(BlockPool& pool, RequestParser& parser) : pool_(pool), parser_(parser) {}

  // Room for the next read.
  std::span<char> space();
  void received(size_t bytes) { end_ += bytes; }

  bool has_unparsed() const { return parsed_ < end_; }
  bool has_partial() const { return begin_ < end_; }
  char* unparsed() { return block_->data() + parsed_; }
  size_t unparsed_size() const { return end_ - parsed_; }
  void parsed(size_t bytes) { parsed_ += bytes; }

  // The request that ends here has been taken; the next begins.
  void next_request() { begin_ = parsed_; }
  void discard() { begin_ = parsed_ = end_; }
  const BlockRef& block() const { return block_; }

 private:
  static constexpr size_t kMinRead = 1 << 10;

  void make_room();
  size_t kept_bytes() const;
  void move(char* from, char* to, size_t kept);

  BlockPool& pool_;
  RequestParser& parser_;
  BlockRef block_;
  size_t begin_ = 0;
  size_t parsed_ = 0;
  size_t end_ = 0;
};

}  // namespace ducat::http
