// How many requests are being answered.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace wenyuan::http {

// Thread-safe.
class BusyCount {
 public:
  class One {
   public:
    explicit One(BusyCount& all) : all_(all) {
      const std::lock_guard lock(all_.mutex_);
      ++all_.count_;
    }
    ~One() {
      const std::lock_guard lock(all_.mutex_);
      if (--all_.count_ == 0) all_.idle_.notify_all();
    }
    One(const One&) = delete;
    One& operator=(const One&) = delete;

   private:
    BusyCount& all_;
  };
  bool wait_until_idle(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return idle_.wait_for(lock, time, [&] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable idle_;
  int count_ = 0;  // guarded by mutex_
};

}  // namespace wenyuan::http
