// Counters, gauges and histograms, written in Prometheus' text format 0.0.4.
//
// Thread-safe. A metric is registered once and lives as long as the process. Labels must be
// bounded (a route template, never a path; never a user or a document).
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wenyuan::metrics {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void add(std::uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// Seconds, in fixed buckets from 1 ms to 60 s.
class Histogram {
 public:
  static constexpr double kBounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                       0.25,  0.5,    1,     2.5,  5,     10,   60};
  static constexpr std::size_t kBucketCount = sizeof kBounds / sizeof *kBounds + 1;

  void observe(double seconds);
  std::uint64_t bucket(std::size_t at) const {
    return buckets_[at].load(std::memory_order_relaxed);
  }
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> buckets_[kBucketCount]{};
  std::atomic<double> sum_{0};
};

// The same name and labels give the same metric again. `name` ends in its unit
// ("wenyuan_http_request_duration_seconds").
Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
Histogram& histogram(std::string_view name, std::string_view help, const Labels& labels = {});

// Everything registered, as /metrics shows it.
std::string prometheus_text();

}  // namespace wenyuan::metrics
