// Threads on demand: one for each task at once, small stacks, gone when idle.
#pragma once

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <vector>

namespace wenyuan::http {

// Thread-safe.
class ElasticThreads {
 public:
  struct Options {
    int count_max = 2048;
    std::size_t stack_bytes = std::size_t{512} << 10;
    std::chrono::milliseconds idle_max{10000};
  };

  explicit ElasticThreads(const Options& options);
  ~ElasticThreads();

  // Runs `task` at once on a thread of its own; false when all are busy, or after shutdown().
  bool run(std::function<void()> task);
  // Returns when every task has ended.
  void shutdown();

  int count() const;

 private:
  struct Worker;

  bool spawn(std::function<void()> task);  // with mutex_ held
  void work(Worker& worker);
  void join_finished(std::unique_lock<std::mutex>& lock);

  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::condition_variable ended_;
  // Guarded by mutex_:
  std::list<std::function<void()>> tasks_;  // each has an idle worker that is waking up
  std::list<Worker> workers_;
  std::vector<pthread_t> finished_;  // have left work(), and are to be joined
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace wenyuan::http
