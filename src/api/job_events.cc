#include "api/job_events.h"

namespace wenyuan::api {

void JobEvents::publish(const Job& job) {
  const std::lock_guard lock(mutex_);
  for (Watcher& watcher : watchers_) {
    if (watcher.job_id != job.id) continue;
    watcher.latest = job;
    watcher.changed.notify_all();
  }
}

JobEvents::Subscription::Subscription(JobEvents& events, std::string job_id) : events_(events) {
  const std::lock_guard lock(events_.mutex_);
  place_ = events_.watchers_.emplace(events_.watchers_.end());
  place_->job_id = std::move(job_id);
}

JobEvents::Subscription::~Subscription() {
  const std::lock_guard lock(events_.mutex_);
  events_.watchers_.erase(place_);
}

std::optional<Job> JobEvents::Subscription::wait(std::chrono::milliseconds wait_max) {
  std::unique_lock lock(events_.mutex_);
  place_->changed.wait_for(lock, wait_max, [&] { return place_->latest.has_value(); });
  std::optional<Job> job;
  job.swap(place_->latest);
  return job;
}

}  // namespace wenyuan::api
