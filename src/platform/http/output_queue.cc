// Gather writes of a connection's output.
#include "platform/http/output_queue.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace ducat::http {

OutputQueue::Chunk& OutputQueue::add(bool appendable) {
  if (used_ == chunks_.size()) chunks_.emplace_back();
  Chunk& chunk = chunks_[used_++];
  chunk.appendable = appendable;
  return chunk;
}

std::string& OutputQueue::tail() {
  if (used_ > 0) {
    Chunk& last = chunks_[used_ - 1];
    if (last.appendable && last.data.size() < kChunk) return last.data;
  }
  return add(true).data;
}

void OutputQueue::append_body(std::string&& body) {
  if (body.size() < kCopyBelow) {
    tail().append(body);
  } else {
    add(false).data = std::move(body);
  }
}

size_t OutputQueue::bytes() const {
  size_t total = 0;
  for (size_t i = first_; i < used_; ++i) total += chunks_[i].data.size();
  return total - offset_;
}

OutputQueue::Written OutputQueue::write_to(int socket, size_t& sent) {
  constexpr size_t kMaxPieces = 64;
  while (first_ < used_) {
    iovec pieces[kMaxPieces];
    size_t count = std::min(kMaxPieces, used_ - first_);
    for (size_t i = 0; i < count; ++i) {
      std::string& data = chunks_[first_ + i].data;
      pieces[i] = {data.data(), data.size()};
    }
    pieces[0].iov_base = chunks_[first_].data.data() + offset_;
    pieces[0].iov_len -= offset_;
    msghdr message{};
    message.msg_iov = pieces;
    message.msg_iovlen = count;
    ssize_t taken = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? Written::kBlocked : Written::kFailed;
    }
    sent += static_cast<size_t>(taken);
    consume(static_cast<size_t>(taken));
  }
  clear();
  return Written::kAll;
}

void OutputQueue::consume(size_t bytes) {
  while (first_ < used_) {
    size_t left = chunks_[first_].data.size() - offset_;
    if (bytes < left) break;
    bytes -= left;
    offset_ = 0;
    ++first_;
  }
  offset_ += bytes;
}

void OutputQueue::clear() {
  constexpr size_t kKeepChunks = 1;
  if (chunks_.size() > kKeepChunks) chunks_.resize(kKeepChunks);
  for (Chunk& chunk : chunks_) {
    if (chunk.data.capacity() > kKeep) {
      chunk.data = std::string();
    } else {
      chunk.data.clear();
    }
  }
  used_ = first_ = offset_ = 0;
}

}  // namespace ducat::http
