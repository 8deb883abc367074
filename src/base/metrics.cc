#include "base/metrics.h"

#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <variant>

#include "base/assert.h"

namespace wenyuan::metrics {
namespace {

using Metric =
    std::variant<std::unique_ptr<Counter>, std::unique_ptr<Gauge>, std::unique_ptr<Histogram>>;

struct Family {
  std::string help;
  std::map<std::string, Metric> metrics;  // label text -> metric
};

struct Registry {
  std::mutex mutex;
  std::map<std::string, Family, std::less<>> families;  // guarded by mutex
};

// The one global of this program: metrics are process-wide by nature, and threads may still count
// while the rest is being destroyed.
Registry& registry() {
  static Registry* const registry = new Registry;  // NOLINT: never destroyed on purpose
  return *registry;
}

std::string label_text(const Labels& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    text += (text.empty() ? "" : ",") + name + "=\"";
    for (const char c : value) {
      if (c == '"' || c == '\\') text += '\\';
      text += c == '\n' ? ' ' : c;
    }
    text += '"';
  }
  return text;
}

template <class Kind>
Kind& find_or_add(std::string_view name, std::string_view help, const Labels& labels) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  auto family = all.families.find(name);
  if (family == all.families.end()) {
    family = all.families.emplace(std::string(name), Family{std::string(help), {}}).first;
  }
  auto [at, added] = family->second.metrics.try_emplace(label_text(labels));
  if (added) at->second = std::make_unique<Kind>();
  auto* metric = std::get_if<std::unique_ptr<Kind>>(&at->second);
  WY_ASSERT(metric != nullptr);  // one name, one kind
  return **metric;
}

std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

std::string braces(const std::string& labels, const std::string& more = "") {
  if (labels.empty() && more.empty()) return "";
  return "{" + labels + (labels.empty() || more.empty() ? "" : ",") + more + "}";
}

void write_histogram(std::string& text, const std::string& name, const std::string& labels,
                     const Histogram& histogram) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < Histogram::kBucketCount; ++i) {
    total += histogram.bucket(i);
    const bool last = i + 1 == Histogram::kBucketCount;
    const std::string bound = last ? "+Inf" : number(Histogram::kBounds[i]);
    text += name + "_bucket" + braces(labels, "le=\"" + bound + "\"") + " " +
            std::to_string(total) + "\n";
  }
  text += name + "_sum" + braces(labels) + " " + number(histogram.sum()) + "\n";
  text += name + "_count" + braces(labels) + " " + std::to_string(total) + "\n";
}

}  // namespace

void Histogram::observe(double seconds) {
  std::size_t at = 0;
  while (at + 1 < kBucketCount && seconds > kBounds[at]) ++at;
  buckets_[at].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(seconds, std::memory_order_relaxed);
}

Counter& counter(std::string_view name, std::string_view help, const Labels& labels) {
  return find_or_add<Counter>(name, help, labels);
}
Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels) {
  return find_or_add<Gauge>(name, help, labels);
}
Histogram& histogram(std::string_view name, std::string_view help, const Labels& labels) {
  return find_or_add<Histogram>(name, help, labels);
}

std::string prometheus_text() {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  std::string text;
  for (const auto& [name, family] : all.families) {
    static constexpr const char* kKinds[] = {"counter", "gauge", "histogram"};
    text += "# HELP " + name + " " + family.help + "\n# TYPE " + name + " " +
            kKinds[family.metrics.begin()->second.index()] + "\n";
    for (const auto& [labels, metric] : family.metrics) {
      if (const auto* counter = std::get_if<std::unique_ptr<Counter>>(&metric)) {
        text += name + braces(labels) + " " + std::to_string((*counter)->value()) + "\n";
      } else if (const auto* gauge = std::get_if<std::unique_ptr<Gauge>>(&metric)) {
        text += name + braces(labels) + " " + number((*gauge)->value()) + "\n";
      } else if (const auto* histogram = std::get_if<std::unique_ptr<Histogram>>(&metric)) {
        write_histogram(text, name, labels, **histogram);
      }
    }
  }
  return text;
}

}  // namespace wenyuan::metrics
