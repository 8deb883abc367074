// Tells long requests that their client has gone.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <stop_token>
#include <thread>

namespace wenyuan::http {

// Thread-safe. One thread looks at all watched connections twice a second.
class DisconnectWatch {
  struct Entry {
    std::function<bool()> is_closed;
    std::stop_source stop;
  };

 public:
  DisconnectWatch();
  ~DisconnectWatch();

  // Watches as long as it lives.
  class Watched {
   public:
    Watched(DisconnectWatch& watch, std::function<bool()> is_closed);
    ~Watched();
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    std::stop_token token() const { return entry_->stop.get_token(); }

   private:
    DisconnectWatch& watch_;
    std::list<Entry>::iterator entry_;
  };

  // Tells everybody, now and from now on.
  void stop_all();

 private:
  void look(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::list<Entry> entries_;  // guarded by mutex_
  bool stopped_ = false;      // guarded by mutex_
  std::jthread thread_;       // last: it uses the others
};

}  // namespace wenyuan::http
