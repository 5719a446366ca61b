// Cells by family and label set; prometheus-cpp turns a snapshot of them into text.
#include "platform/telemetry/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "base/check.h"

namespace ducat::metrics {

// One more bucket than bounds: the last has none above it.
struct Histogram::Cells {
  explicit Cells(std::span<const int64_t> bounds_in)
      : bounds(bounds_in.begin(), bounds_in.end()), buckets(bounds_in.size() + 1) {}
  std::vector<int64_t> bounds;
  std::deque<std::atomic<uint64_t>> buckets;
  std::atomic<int64_t> sum{0};
};

void Histogram::observe(int64_t value) const {
  if (cells_ == nullptr) return;
  size_t bucket = 0;
  while (bucket < cells_->bounds.size() && cells_->bounds[bucket] < value) ++bucket;
  cells_->buckets[bucket].fetch_add(1, std::memory_order_relaxed);
  cells_->sum.fetch_add(value, std::memory_order_relaxed);
}

namespace {

constexpr size_t kMaxSeries = 1'000;
constexpr double kMicrosPerSecond = 1e6;

enum class Kind { kCounter, kGauge, kTimeHistogram, kCountHistogram };

using LabelValues = std::vector<std::string>;

// A cache line of its own, so that threads counting different things do not slow each other.
struct alignas(64) Series {
  std::atomic<uint64_t> count{0};
  std::atomic<int64_t> level{0};
  std::unique_ptr<Histogram::Cells> histogram;
  std::function<double()> value;  // set for watched values
  uint64_t watch_id = 0;
};

struct Family {
  Kind kind = Kind::kCounter;
  std::string help;
  std::vector<std::string> label_names;
  std::map<LabelValues, std::unique_ptr<Series>> series;
};

// [a-zA-Z_:][a-zA-Z0-9_:]*, the data model's rule for names.
bool is_metric_name(std::string_view name) {
  auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
  };
  auto rest = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && letter(name[0]) && std::all_of(name.begin(), name.end(), rest);
}

prometheus::MetricType type_of(Kind kind) {
  switch (kind) {
    case Kind::kCounter:
      return prometheus::MetricType::Counter;
    case Kind::kGauge:
      return prometheus::MetricType::Gauge;
    case Kind::kTimeHistogram:
    case Kind::kCountHistogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

prometheus::ClientMetric::Histogram snapshot(const Histogram::Cells& cells, double unit) {
  prometheus::ClientMetric::Histogram out;
  uint64_t cumulative = 0;
  for (size_t i = 0; i < cells.buckets.size(); ++i) {
    cumulative += cells.buckets[i].load(std::memory_order_relaxed);
    if (i < cells.bounds.size())
      out.bucket.push_back({cumulative, static_cast<double>(cells.bounds[i]) / unit});
  }
  out.sample_count = cumulative;
  out.sample_sum = static_cast<double>(cells.sum.load(std::memory_order_relaxed)) / unit;
  return out;
}

prometheus::ClientMetric snapshot(const Family& family, const LabelValues& values, const Series& series) {
  prometheus::ClientMetric out;
  for (size_t i = 0; i < values.size(); ++i) out.label.push_back({family.label_names[i], values[i]});
  switch (family.kind) {
    case Kind::kCounter:
      out.counter.value =
          series.value ? series.value() : static_cast<double>(series.count.load(std::memory_order_relaxed));
      break;
    case Kind::kGauge:
      out.gauge.value =
          series.value ? series.value() : static_cast<double>(series.level.load(std::memory_order_relaxed));
      break;
    case Kind::kTimeHistogram:
      out.histogram = snapshot(*series.histogram, kMicrosPerSecond);
      break;
    case Kind::kCountHistogram:
      out.histogram = snapshot(*series.histogram, 1);
      break;
  }
  return out;
}

}  // namespace

struct Registry::Impl {
  mutable std::mutex mutex;
  std::map<std::string, Family, std::less<>> families;
  uint64_t next_watch = 1;

  // Call with the mutex held.
  Family& family(Kind kind, std::string_view name, std::string_view help, Labels labels) {
    std::vector<std::string> names;
    for (const auto& [label, value] : labels) names.emplace_back(label);
    auto found = families.find(name);
    if (found == families.end()) {
      DUCAT_CHECK(is_metric_name(name), "not a metric's name");
      DUCAT_CHECK(std::all_of(names.begin(), names.end(), is_metric_name), "not a label's name");
      found = families.emplace(name, Family{kind, std::string(help), std::move(names), {}}).first;
      return found->second;
    }
    DUCAT_CHECK(found->second.kind == kind, "a metric has one type");
    DUCAT_CHECK(found->second.label_names == names, "a metric has the same labels everywhere");
    return found->second;
  }

  Series& series(Kind kind, std::string_view name, std::string_view help, Labels labels,
                 std::span<const int64_t> bounds = {}) {
    std::lock_guard lock(mutex);
    Family& into = family(kind, name, help, labels);
    LabelValues values;
    for (const auto& [label, value] : labels) values.emplace_back(value);
    if (into.series.size() >= kMaxSeries && !into.series.contains(values))
      values.assign(values.size(), "other");
    auto& slot = into.series[std::move(values)];
    if (!slot) {
      slot = std::make_unique<Series>();
      if (!bounds.empty()) slot->histogram = std::make_unique<Histogram::Cells>(bounds);
    }
    return *slot;
  }

  uint64_t watch(Kind kind, std::string_view name, std::string_view help, Labels labels,
                 std::function<double()> value) {
    Series& found = series(kind, name, help, labels);
    std::lock_guard lock(mutex);
    DUCAT_CHECK(!found.value, "a value is watched once");
    found.value = std::move(value);
    return found.watch_id = next_watch++;
  }
};

Registry::Registry() : impl_(std::make_unique<Impl>()) {}
Registry::~Registry() = default;

Counter Registry::counter(std::string_view name, std::string_view help, Labels labels) {
  return Counter(impl_->series(Kind::kCounter, name, help, labels).count);
}

Gauge Registry::gauge(std::string_view name, std::string_view help, Labels labels) {
  return Gauge(impl_->series(Kind::kGauge, name, help, labels).level);
}

Histogram Registry::time_histogram(std::string_view name, std::string_view help, Labels labels,
                                   std::span<const int64_t> bounds_micros) {
  DUCAT_CHECK(!bounds_micros.empty() && std::ranges::is_sorted(bounds_micros), "bounds rise");
  return Histogram(*impl_->series(Kind::kTimeHistogram, name, help, labels, bounds_micros).histogram);
}

Histogram Registry::count_histogram(std::string_view name, std::string_view help, Labels labels,
                                    std::span<const int64_t> bounds) {
  DUCAT_CHECK(!bounds.empty() && std::ranges::is_sorted(bounds), "bounds rise");
  return Histogram(*impl_->series(Kind::kCountHistogram, name, help, labels, bounds).histogram);
}

Watch Registry::watch_gauge(std::string_view name, std::string_view help, Labels labels,
                            std::function<double()> value) {
  return Watch(*this, impl_->watch(Kind::kGauge, name, help, labels, std::move(value)));
}

Watch Registry::watch_counter(std::string_view name, std::string_view help, Labels labels,
                              std::function<double()> value) {
  return Watch(*this, impl_->watch(Kind::kCounter, name, help, labels, std::move(value)));
}

Watch::~Watch() {
  if (registry_ != nullptr) registry_->unwatch(id_);
}

// Waits for a render in progress: afterwards the module may free what its function reads.
void Registry::unwatch(uint64_t id) {
  std::lock_guard lock(impl_->mutex);
  for (auto& [name, family] : impl_->families) {
    std::erase_if(family.series, [id](const auto& entry) { return entry.second->watch_id == id; });
  }
}

std::string Registry::render() const {
  std::vector<prometheus::MetricFamily> families;
  {
    std::lock_guard lock(impl_->mutex);
    for (const auto& [name, family] : impl_->families) {
      auto& out =
          families.emplace_back(prometheus::MetricFamily{name, family.help, type_of(family.kind), {}});
      for (const auto& [values, series] : family.series)
        out.metric.push_back(snapshot(family, values, *series));
      if (out.metric.empty()) families.pop_back();
    }
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace ducat::metrics
