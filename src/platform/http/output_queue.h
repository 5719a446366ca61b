// What a connection has to send, in order. Heads and small bodies are appended to one growing chunk; a large
// body is taken as it is, without a copy. Everything goes out in as few gather writes as the system allows.
#pragma once

#include <string>
#include <vector>

namespace ducat::http {

// One thread. Keeps its chunk for reuse while it is small.
class OutputQueue {
 public:
  enum class Written : unsigned char { kAll, kBlocked, kFailed };

  // The string to append the next bytes to. Valid until the next call.
  std::string& tail();
  // Copies a small body to the tail and takes a large one.
  void append_body(std::string&& body);

  bool empty() const { return used_ == 0; }
  size_t bytes() const;

  // Sends until everything has gone or the socket takes no more; `sent` grows by the bytes taken.
  Written write_to(int socket, size_t& sent);

 private:
  struct Chunk {
    std::string data;
    bool appendable;
  };
  static constexpr size_t kChunk = 64 << 10;     // a fuller chunk is left alone
  static constexpr size_t kCopyBelow = 8 << 10;  // smaller bodies are cheaper to copy than to send apart
  static constexpr size_t kKeep = 16 << 10;      // capacity an idle connection may hold

  Chunk& add(bool appendable);
  void consume(size_t bytes);
  void clear();

  std::vector<Chunk> chunks_;  // the first used_ of them are in use
  size_t used_ = 0;
  size_t first_ = 0;   // the first that is not sent whole
  size_t offset_ = 0;  // bytes of it that are sent
};

}  // namespace ducat::http
