// One thread that works on many requests in turn.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>

namespace wenyuan::llm {

class Job {
 public:
  virtual ~Job() = default;
  // Does a part of the work; true when there is no more. Must not throw.
  virtual bool step() = 0;
};

// Jobs come first in, first out; one that is not done after a step goes to the end of the queue, so
// that a long one does not hold up short ones. Thread-safe.
class Worker {
 public:
  // At most `waiting_max` jobs wait.
  explicit Worker(std::size_t waiting_max);
  // Nobody may have a job here any more.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // False when too many wait. Otherwise the job must live until leave() has returned.
  bool add(Job& job);
  // Takes the job out, done or not; waits for the step that is running.
  void leave(Job& job);

  std::size_t waiting() const;

 private:
  void run();

  const std::size_t waiting_max_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job*> queue_;             // guarded by mutex_
  Job* running_ = nullptr;             // guarded by mutex_
  bool is_running_last_step_ = false;  // somebody waits in leave(); guarded by mutex_
  bool is_closed_ = false;             // guarded by mutex_
  std::thread thread_;
};

}  // namespace wenyuan::llm
