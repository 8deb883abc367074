#include "api/elastic_threads.h"

#include <algorithm>

namespace wenyuan::http {

// A thread and where it stands in the list; std::thread cannot be given a stack size.
struct ElasticThreads::Worker {
  ElasticThreads* owner = nullptr;
  std::function<void()> task;
  pthread_t handle{};
  std::list<Worker>::iterator place;
};

ElasticThreads::ElasticThreads(const Options& options) : options_(options) {}

ElasticThreads::~ElasticThreads() { shutdown(); }

bool ElasticThreads::run(std::function<void()> task) {
  std::unique_lock lock(mutex_);
  join_finished(lock);
  if (stopping_) return false;
  if (idle_ > tasks_.size()) {
    tasks_.push_back(std::move(task));
    filled_.notify_one();
    return true;
  }
  if (workers_.size() >= static_cast<std::size_t>(std::max(options_.count_max, 1))) return false;
  return spawn(std::move(task));
}

bool ElasticThreads::spawn(std::function<void()> task) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  std::size_t stack_bytes = options_.stack_bytes;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  stack_bytes *= 4;  // instrumented frames are several times as big
#endif
  pthread_attr_setstacksize(&attributes, stack_bytes);
  Worker& worker = workers_.emplace_front();
  worker.owner = this;
  worker.task = std::move(task);
  worker.place = workers_.begin();
  const int failed = pthread_create(
      &worker.handle, &attributes,
      [](void* argument) -> void* {
        Worker& self = *static_cast<Worker*>(argument);
        self.owner->work(self);
        return nullptr;
      },
      &worker);
  pthread_attr_destroy(&attributes);
  if (failed != 0) workers_.pop_front();
  return failed == 0;
}

void ElasticThreads::work(Worker& worker) {
  std::function<void()> task;
  {
    const std::lock_guard lock(mutex_);  // until spawn() has filled in the handle
    task = std::move(worker.task);
  }
  while (task) {
    task();
    task = nullptr;
    std::unique_lock lock(mutex_);
    ++idle_;
    filled_.wait_for(lock, options_.idle_max, [&] { return stopping_ || !tasks_.empty(); });
    --idle_;
    if (!tasks_.empty()) {
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
  }
  const std::lock_guard lock(mutex_);
  finished_.push_back(worker.handle);
  workers_.erase(worker.place);
  ended_.notify_all();
}

void ElasticThreads::join_finished(std::unique_lock<std::mutex>& lock) {
  if (finished_.empty()) return;
  std::vector<pthread_t> finished;
  finished.swap(finished_);
  lock.unlock();
  for (const pthread_t handle : finished) pthread_join(handle, nullptr);
  lock.lock();
}

void ElasticThreads::shutdown() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  filled_.notify_all();
  ended_.wait(lock, [&] { return workers_.empty(); });
  join_finished(lock);
}

int ElasticThreads::count() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(workers_.size());
}

}  // namespace wenyuan::http
