// One pool of threads for the engine's kernels.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace wenyuan::compute {

// Work is claimed piece by piece from one counter, so the calling thread finishes alone when the
// other cores are busy elsewhere. One parallel_for at a time.
//
// Each thread but the caller keeps to processors of its own, where there are enough of them
// (compute/pinning.h); the caller, which is not ours to pin, finds the rest free.
class ThreadPool {
 public:
  explicit ThreadPool(std::size_t thread_count);  // the caller included; at least 1
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t thread_count() const { return workers_.size() + 1; }

  // Runs work(i) for every i in [0, count), each once, and returns when all are done. `work` must
  // not throw.
  void parallel_for(std::size_t count, const std::function<void(std::size_t)>& work);

 private:
  void run_worker();
  bool claim_and_run();
  void publish(std::size_t count, const std::function<void(std::size_t)>& work);

  std::vector<std::thread> workers_;
  // Round, size and next piece of the work at hand in one word, so that a claim is for exactly the
  // work that it saw.
  alignas(64) std::atomic<std::uint64_t> state_{0};
  alignas(64) std::atomic<std::uint32_t> finished_{0};
  std::atomic<const std::function<void(std::size_t)>*> work_{nullptr};
  std::atomic<std::uint32_t> sleeping_{0};
  std::atomic<bool> stopping_{false};
};

}  // namespace wenyuan::compute
