// One pool of threads for the engine's kernels.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace wenyuan::compute {

// Work is claimed piece by piece from one counter, so the calling thread finishes alone when the
// other cores are busy elsewhere. One parallel_for at a time.
class ThreadPool {
 public:
  explicit ThreadPool(std::size_t thread_count);  // the caller included; at least 1
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t thread_count() const { return workers_.size() + 1; }

  // Runs work(i) for every i in [0, count), each once, and returns when all are done.
  void parallel_for(std::size_t count, const std::function<void(std::size_t)>& work);

 private:
  void run_worker();
  bool claim_and_run();

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  const std::function<void(std::size_t)>* work_ = nullptr;
  std::size_t count_ = 0;
  std::atomic<std::size_t> next_{0};
  std::size_t busy_ = 0;         // guarded by mutex_
  std::uint64_t generation_ = 0;  // guarded by mutex_
  bool stopping_ = false;        // guarded by mutex_
};

}  // namespace wenyuan::compute
