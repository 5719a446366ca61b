// Counters, gauges and histograms, rendered in the Prometheus text format. prometheus-cpp writes the text;
// the cells are our own, because its counters are doubles behind a compare-and-swap loop and ours must cost
// one relaxed addition.
//
//   metrics::Counter answered = registry.counter("ducat_http_requests_total", "Requests answered", {{"code",
//   "200"}}); answered.add();
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"

namespace ducat::metrics {

// Handles are a pointer to a cell of the registry and live no longer than it; a default-made one counts into
// nothing, so code can be tested without a registry. Thread-safe, cannot fail.
class Counter {
 public:
  Counter() = default;
  void add(uint64_t n = 1) const { cell_->fetch_add(n, std::memory_order_relaxed); }
  uint64_t value() const { return cell_->load(std::memory_order_relaxed); }

 private:
  friend class Registry;
  explicit Counter(std::atomic<uint64_t>& cell) : cell_(&cell) {}
  inline static std::atomic<uint64_t> nothing_{0};
  std::atomic<uint64_t>* cell_ = &nothing_;
};

class Gauge {
 public:
  Gauge() = default;
  void set(int64_t value) const { cell_->store(value, std::memory_order_relaxed); }
  void add(int64_t n) const { cell_->fetch_add(n, std::memory_order_relaxed); }
  int64_t value() const { return cell_->load(std::memory_order_relaxed); }

 private:
  friend class Registry;
  explicit Gauge(std::atomic<int64_t>& cell) : cell_(&cell) {}
  inline static std::atomic<int64_t> nothing_{0};
  std::atomic<int64_t>* cell_ = &nothing_;
};

// Two relaxed additions and a short search for each observation.
class Histogram {
 public:
  struct Cells;
  Histogram() = default;
  // For a histogram of times.
  void observe(Duration time) const { observe(time.micros); }
  // For a histogram of counts, in its own unit.
  void observe(int64_t value) const;

 private:
  friend class Registry;
  explicit Histogram(Cells& cells) : cells_(&cells) {}
  Cells* cells_ = nullptr;
};

// Upper bounds in microseconds, 50 µs to 10 s: rendered as seconds.
inline constexpr int64_t kTimeBounds[] = {50,      100,       250,       500,       1'000,     2'500,
                                          5'000,   10'000,    25'000,    50'000,    100'000,   250'000,
                                          500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000};
// Upper bounds for sizes of batches and queues.
inline constexpr int64_t kCountBounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1'024, 2'048, 4'096, 8'192};

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

class Registry;

// A value that a module owns and the registry asks for: asked no more once this is gone.
class [[nodiscard]] Watch {
 public:
  Watch() = default;
  Watch(Watch&& other) noexcept : registry_(std::exchange(other.registry_, nullptr)), id_(other.id_) {}
  Watch& operator=(Watch&& other) noexcept {
    std::swap(registry_, other.registry_);
    std::swap(id_, other.id_);
    return *this;
  }
  ~Watch();

 private:
  friend class Registry;
  Watch(Registry& registry, uint64_t id) : registry_(&registry), id_(id) {}
  Registry* registry_ = nullptr;
  uint64_t id_ = 0;
};

// All metrics of a process. Lives longer than every handle and watch made from it. Thread-safe.
// Asking twice for the same name and labels gives the same cell. A name that is no Prometheus name, or is
// used with another type or other label names, is a programmer's error (check). A family keeps at most 1,000
// label sets: any further one counts into a set whose values are all "other", so a caller cannot fill memory.
class Registry {
 public:
  Registry();
  ~Registry();

  Counter counter(std::string_view name, std::string_view help, Labels labels = {});
  Gauge gauge(std::string_view name, std::string_view help, Labels labels = {});
  // Times; the name ends in _seconds.
  Histogram time_histogram(std::string_view name, std::string_view help, Labels labels = {},
                           std::span<const int64_t> bounds_micros = kTimeBounds);
  Histogram count_histogram(std::string_view name, std::string_view help, Labels labels = {},
                            std::span<const int64_t> bounds = kCountBounds);

  // Asks `value` at every render, on the rendering thread and under the registry's lock: it must be
  // thread-safe, quick, and not use the registry.
  Watch watch_gauge(std::string_view name, std::string_view help, Labels labels,
                    std::function<double()> value);
  // The same for a number that only grows.
  Watch watch_counter(std::string_view name, std::string_view help, Labels labels,
                      std::function<double()> value);

  // The Prometheus text exposition format 0.0.4, families in order of name.
  std::string render() const;

 private:
  friend class Watch;
  void unwatch(uint64_t id);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ducat::metrics
