#include "app/stop_signals.h"

#include <signal.h>
#include <unistd.h>

#include "base/log.h"

namespace wenyuan::app {
namespace {

constexpr int kExitAtOnce = 3;

sigset_t signals(bool with_hangup) {
  sigset_t all;
  sigemptyset(&all);
  sigaddset(&all, SIGTERM);
  sigaddset(&all, SIGINT);
  if (with_hangup) sigaddset(&all, SIGHUP);
  return all;
}

}  // namespace

void block_signals(bool with_hangup) {
  const sigset_t wanted = signals(with_hangup);
  ::pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
}

int wait_for_signal(bool with_hangup) {
  const sigset_t wanted = signals(with_hangup);
  int signal = 0;
  ::sigwait(&wanted, &signal);
  return signal;
}

// Whoever asks twice does not want to wait. Nothing acknowledged can be lost by it.
void end_on_stop_signal(const std::stop_token& stop) {
  const sigset_t wanted = signals(false);
  const timespec patience{0, 100'000'000};
  while (!stop.stop_requested()) {
    if (::sigtimedwait(&wanted, nullptr, &patience) < 0) continue;
    log::warn("server.stop_at_once");
    ::_exit(kExitAtOnce);
  }
}

}  // namespace wenyuan::app
