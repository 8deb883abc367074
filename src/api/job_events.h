// Passes the progress of jobs on to whoever watches them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <string>

#include "base/document.h"

namespace wenyuan::api {

// Thread-safe.
class JobEvents {
  struct Watcher {
    std::string job_id;
    std::optional<Job> latest;  // not yet seen
    std::condition_variable changed;
  };

 public:
  // From the worker of a job.
  void publish(const Job& job);

  class Subscription {
   public:
    Subscription(JobEvents& events, std::string job_id);
    ~Subscription();
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;
    // The latest state that was not given yet; nothing when there was none in time.
    std::optional<Job> wait(std::chrono::milliseconds wait_max);

   private:
    JobEvents& events_;
    std::list<Watcher>::iterator place_;
  };

 private:
  std::mutex mutex_;
  std::list<Watcher> watchers_;  // guarded by mutex_, contents too
};

}  // namespace wenyuan::api
