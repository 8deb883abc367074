// A thread that does small recurring work: sealing indexes, writing audit checkpoints.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace wenyuan::app {

// Calls `work` every `period` until it is destroyed; for the first time when the period is over, or
// at once.
class Keeper {
 public:
  Keeper(std::chrono::milliseconds period, std::function<void()> work, bool at_once = false)
      : thread_([this, period, work = std::move(work), at_once](const std::stop_token& stop) {
          if (at_once) work();
          std::unique_lock lock(mutex_);
          while (!stopped_.wait_for(lock, stop, period, [] { return false; })) {
            if (stop.stop_requested()) return;
            lock.unlock();
            work();
            lock.lock();
          }
        }) {}

 private:
  std::mutex mutex_;
  std::condition_variable_any stopped_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace wenyuan::app
