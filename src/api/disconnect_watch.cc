#include "api/disconnect_watch.h"

#include <chrono>

namespace wenyuan::http {

DisconnectWatch::DisconnectWatch() : thread_([this](const std::stop_token& stop) { look(stop); }) {}

DisconnectWatch::~DisconnectWatch() { stop_all(); }

void DisconnectWatch::look(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    changed_.wait(lock, stop, [&] { return !entries_.empty(); });
    for (Entry& entry : entries_) {
      // Not blocking: a look at the socket's state.
      if (!entry.stop.stop_requested() && entry.is_closed()) entry.stop.request_stop();
    }
    changed_.wait_for(lock, stop, std::chrono::milliseconds(500), [] { return false; });
  }
}

void DisconnectWatch::stop_all() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  for (Entry& entry : entries_) entry.stop.request_stop();
}

DisconnectWatch::Watched::Watched(DisconnectWatch& watch, std::function<bool()> is_closed)
    : watch_(watch) {
  {
    const std::lock_guard lock(watch_.mutex_);
    entry_ = watch_.entries_.insert(watch_.entries_.end(), Entry{std::move(is_closed), {}});
    if (watch_.stopped_) entry_->stop.request_stop();
  }
  watch_.changed_.notify_all();
}

DisconnectWatch::Watched::~Watched() {
  const std::lock_guard lock(watch_.mutex_);
  watch_.entries_.erase(entry_);
}

}  // namespace wenyuan::http
