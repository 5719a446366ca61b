// The line that shows a person at a terminal that something is happening, rewritten in place once a second.
#pragma once

#include <cstdint>
#include <cstdio>

namespace ducat::load {

// Cheap to copy. One thread. Null stream: says nothing.
class Progress {
 public:
  explicit Progress(std::FILE* stream) : stream_(stream) {}

  // Whether a second has passed since it last said so; `now` in microseconds.
  bool due(int64_t now) {
    if (stream_ == nullptr || now - last_ < 1'000'000) return false;
    last_ = now;
    return true;
  }
  [[gnu::format(printf, 2, 3)]] void show(const char* format, ...) const;
  void clear() const;

 private:
  std::FILE* stream_;
  int64_t last_ = 0;
};

}  // namespace ducat::load
