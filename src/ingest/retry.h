// Tries again what failed only for the moment.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <stop_token>

#include "base/result.h"

namespace wenyuan::ingest {

struct RetryOptions {
  std::chrono::milliseconds wait_first{250};
  std::chrono::milliseconds wait_max{30'000};
  int attempts_max = std::numeric_limits<int>::max();
};

// False when asked to stop.
inline bool wait_for(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  return !never.wait_for(lock, stop, time, [&] { return stop.stop_requested(); });
}

// `work` gives a Result; as long as it is unavailable it is called again, after ever longer waits.
template <class Work>
auto retry(const RetryOptions& options, const std::stop_token& stop, Work work)
    -> decltype(work()) {
  std::chrono::milliseconds wait = options.wait_first;
  for (int attempt = 1;; ++attempt) {
    auto result = work();
    if (result || result.error().code != ErrorCode::unavailable ||
        attempt >= options.attempts_max) {
      return result;
    }
    if (!wait_for(wait, stop)) return Error{ErrorCode::cancelled, "stopped"};
    wait = std::min(wait * 2, options.wait_max);
  }
}

}  // namespace wenyuan::ingest
