#include "api/patience.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace wenyuan::http {
namespace {

using Steady = std::chrono::steady_clock;
constexpr Patience::Time kLook{250};

bool wait_for(int socket, short events, const std::atomic<Patience::Time>& limit,
              Patience::Time most) {
  Patience::Time known = limit;
  Steady::time_point begin = Steady::now();
  for (;;) {
    const Patience::Time now_known = limit;
    // Whoever waits already gets as long as whoever begins now.
    if (now_known != known) begin = Steady::now();
    known = now_known;
    const auto waited = std::chrono::duration_cast<Patience::Time>(Steady::now() - begin);
    const Patience::Time left = std::max(std::min(known, most) - waited, Patience::Time{0});
    pollfd one{socket, events, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(std::min(left, kLook).count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
    if (ready == 0 && left == Patience::Time{0}) return false;
  }
}

}  // namespace

bool Patience::until_readable(int socket) const {
  return wait_for(socket, POLLIN, reading_, Time::max());
}

bool Patience::until_writable(int socket) const {
  return wait_for(socket, POLLOUT, writing_, Time::max());
}

bool Patience::until_readable(int socket, Time most) const {
  return wait_for(socket, POLLIN, reading_, most);
}

}  // namespace wenyuan::http
