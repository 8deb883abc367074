#include "api/rate_limiter.h"

#include <algorithm>
#include <cmath>

namespace wenyuan::api {
namespace {

constexpr std::size_t kBucketsMax = 100'000;

std::chrono::seconds rounded_up(double seconds) {
  return std::chrono::seconds(static_cast<std::int64_t>(std::ceil(seconds)));
}

}  // namespace

RateLimiter::Verdict RateLimiter::take(const std::string& who, TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= kBucketsMax) forget_full_buckets(now);
  Bucket& bucket = buckets_.try_emplace(who, Bucket{options_.burst, now}).first->second;
  const double passed = std::chrono::duration<double>(now - bucket.filled_at).count();
  bucket.tokens =
      std::min(options_.burst, bucket.tokens + std::max(passed, 0.0) * options_.per_second);
  bucket.filled_at = now;
  Verdict verdict;
  verdict.limit = static_cast<std::int64_t>(options_.burst);
  verdict.allowed = bucket.tokens >= 1;
  if (verdict.allowed) {
    bucket.tokens -= 1;
  } else {
    verdict.retry_in = rounded_up((1 - bucket.tokens) / options_.per_second);
  }
  verdict.remaining = static_cast<std::int64_t>(bucket.tokens);
  verdict.full_in = rounded_up((options_.burst - bucket.tokens) / options_.per_second);
  return verdict;
}

std::vector<std::pair<std::string, double>> RateLimiter::levels(TimePoint now) {
  const std::lock_guard lock(mutex_);
  forget_full_buckets(now);
  std::vector<std::pair<std::string, double>> found;
  for (const auto& [who, bucket] : buckets_) {
    const double passed = std::chrono::duration<double>(now - bucket.filled_at).count();
    found.emplace_back(who, bucket.tokens + std::max(passed, 0.0) * options_.per_second);
  }
  return found;
}

void RateLimiter::restore(const std::string& who, double tokens, double ago, TimePoint now) {
  const std::lock_guard lock(mutex_);
  const double filled = std::max(tokens, 0.0) + std::max(ago, 0.0) * options_.per_second;
  if (filled >= options_.burst || buckets_.size() >= kBucketsMax) return;
  buckets_.insert_or_assign(who, Bucket{filled, now});
}

void RateLimiter::forget_full_buckets(TimePoint now) {
  std::erase_if(buckets_, [&](const auto& entry) {
    const double passed = std::chrono::duration<double>(now - entry.second.filled_at).count();
    return entry.second.tokens + passed * options_.per_second >= options_.burst;
  });
}

}  // namespace wenyuan::api
