// How often somebody may ask: a bucket of tokens for each key or address.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace wenyuan::api {

// Thread-safe. In memory; api/bucket_store.h saves it over a restart.
class RateLimiter {
 public:
  struct Options {
    double per_second = 50;
    double burst = 200;
  };
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit RateLimiter(const Options& options) : options_(options) {}

  struct Verdict {
    bool allowed = false;
    std::int64_t limit = 0;
    std::int64_t remaining = 0;
    std::chrono::seconds full_in{0};   // until the bucket is full again
    std::chrono::seconds retry_in{0};  // until there is a token; 0 when allowed
  };
  Verdict take(const std::string& who, TimePoint now);

  // Buckets that are not full, with what they hold at `now`.
  std::vector<std::pair<std::string, double>> levels(TimePoint now);
  // As they were `ago` seconds before `now`.
  void restore(const std::string& who, double tokens, double ago, TimePoint now);

 private:
  struct Bucket {
    double tokens;
    TimePoint filled_at;
  };
  void forget_full_buckets(TimePoint now);  // with mutex_ held

  const Options options_;
  std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;  // guarded by mutex_
};

}  // namespace wenyuan::api
