// How long a connection may keep its thread waiting: less once the server is to stop.
#pragma once

#include <atomic>
#include <chrono>

namespace wenyuan::http {

// Thread-safe.
class Patience {
 public:
  using Time = std::chrono::milliseconds;
  Patience(Time reading, Time writing) : reading_(reading), writing_(writing) {}

  // From now on nobody waits longer than this for a byte to come, however long they have waited.
  void shorten_reading(Time silence) { reading_ = silence; }
  // From now on nobody waits for anything.
  void end() {
    reading_ = Time{0};
    writing_ = Time{0};
  }

  // False when the socket had nothing to read, or no room to write, for too long. Sleeps for a
  // quarter of a second at most before it looks whether it has become shorter.
  bool until_readable(int socket) const;
  bool until_writable(int socket) const;
  // The same, for no longer than `most`.
  bool until_readable(int socket, Time most) const;

 private:
  std::atomic<Time> reading_, writing_;
};

}  // namespace wenyuan::http
