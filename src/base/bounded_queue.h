// A queue between threads that never grows beyond its limit.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace wenyuan {

// Thread-safe. After close() nothing more is taken in; what is inside can still be popped.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t size_max) : size_max_(size_max) {}

  // False when full or closed; `value` is then lost to the caller's own error handling.
  bool try_push(T value) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || queue_.size() >= size_max_) return false;
      queue_.push_back(std::move(value));
    }
    filled_.notify_one();
    return true;
  }

  // Waits for a value; nothing when the queue is closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [&] { return closed_ || !queue_.empty(); });
    if (queue_.empty()) return std::nullopt;
    std::optional<T> value(std::move(queue_.front()));
    queue_.pop_front();
    return value;
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    filled_.notify_all();
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return queue_.size();
  }

 private:
  const std::size_t size_max_;
  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<T> queue_;  // guarded by mutex_
  bool closed_ = false;  // guarded by mutex_
};

}  // namespace wenyuan
