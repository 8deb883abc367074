// Server-Sent Events: work on one thread, its events written by the connection's thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>

#include "api/http_message.h"

namespace wenyuan::api {

// "event: NAME\ndata: …\n\n"; without a name only data. `data` may hold line breaks.
std::string event_text(std::string_view name, std::string_view data);

// A response with the headers that event streams need.
http::Response event_response(std::function<void(http::BodyWriter&)> stream);

constexpr std::chrono::seconds kHeartbeat{15};

// What a stream ends with when the server stops. (When the client has gone, nobody hears it.)
inline Error broken_off() {
  return Error{ErrorCode::unavailable, "The server is stopping: ask again in a moment"};
}

// Thread-safe between the worker (send) and the connection (run).
class EventStream {
 public:
  // From the worker: false when nobody listens any more. Waits while the client is slow.
  bool send(std::string_view name, std::string_view data);

  // Runs `work` on a thread of its own and writes what it sends, with a comment as heartbeat while
  // it is silent. Asks `work` to stop when the client goes or the server stops; what it still sends
  // then goes out in the second case. Returns when `work` has.
  static void run(http::BodyWriter& writer, std::chrono::milliseconds heartbeat,
                  const std::function<void(EventStream&, std::stop_token)>& work);

 private:
  // With what there is to write; nothing when it is time for a heartbeat or a look at the client.
  std::deque<std::string> take(std::chrono::milliseconds wait_max, bool& finished);
  void finish();
  void close();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> waiting_;  // guarded by mutex_
  bool finished_ = false;            // guarded by mutex_: the worker has ended
  bool closed_ = false;              // guarded by mutex_: the client has gone
};

}  // namespace wenyuan::api
