// A source whose position follows only what a broker surely has on disk: positions that are reported as
// published reach the source behind it after a delay. For brokers that confirm before they sync.
#pragma once

#include <deque>
#include <mutex>

#include "platform/broker/broker.h"

namespace ducat::broker {

// Thread-safe as Source asks; the source and the clock outlive it.
class HeldBackSource final : public Source {
 public:
  HeldBackSource(Source& source, Clock& clock, Duration delay)
      : source_(source), clock_(clock), delay_(delay) {}

  Result<Chunk> read(uint64_t after, size_t limit, std::span<const std::string> types) override {
    return source_.read(after, limit, types);
  }
  uint64_t listen(std::function<void()> wake) override { return source_.listen(std::move(wake)); }
  void unlisten(uint64_t listener) override { source_.unlisten(listener); }
  // Also forgets what is held back: whoever asks begins again there.
  Result<uint64_t> published() override;
  Status set_published(uint64_t number) override;
  uint64_t term() const override { return source_.term(); }

  // Passes on what is old enough; to be called every second or so. May block on disk.
  Status pass_on();

 private:
  struct Held {
    Timestamp since;  // monotonic
    uint64_t number;
  };
  Source& source_;
  Clock& clock_;
  const Duration delay_;
  std::mutex mutex_;
  std::deque<Held> held_;  // oldest first, a few of all
  Held newest_{};
  uint64_t passed_ = 0;
};

}  // namespace ducat::broker
