#include "llm/engine_worker.h"

#include <algorithm>

#include "base/assert.h"

namespace wenyuan::llm {

Worker::Worker(std::size_t waiting_max) : waiting_max_(waiting_max), thread_([this] { run(); }) {}

Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    WY_ASSERT(queue_.empty());
    is_closed_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool Worker::add(Job& job) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= waiting_max_) return false;
    queue_.push_back(&job);
  }
  changed_.notify_all();
  return true;
}

void Worker::leave(Job& job) {
  std::unique_lock lock(mutex_);
  std::erase(queue_, &job);
  if (running_ != &job) return;
  is_running_last_step_ = true;
  changed_.wait(lock, [&] { return running_ != &job; });
}

std::size_t Worker::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

void Worker::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_closed_ || !queue_.empty(); });
    if (queue_.empty()) return;
    running_ = queue_.front();
    queue_.pop_front();
    lock.unlock();
    const bool is_done = running_->step();
    lock.lock();
    // Behind those who wait already, even when that is one more than may wait.
    if (!is_done && !is_running_last_step_) queue_.push_back(running_);
    is_running_last_step_ = false;
    running_ = nullptr;
    changed_.notify_all();
  }
}

}  // namespace wenyuan::llm
