// Signals: SIGTERM and SIGINT ask the server to stop, and the second of them ends it; SIGHUP asks
// for certificates to be read again.
#pragma once

#include <stop_token>

namespace wenyuan::app {

// Before any thread exists, so that only those who wait for them get them. SIGHUP is asked for only
// where it means something: otherwise it ends the server, as it ends any program whose terminal
// closes.
void block_signals(bool with_hangup);
// Returns with the next one.
int wait_for_signal(bool with_hangup);
// Ends the process when another SIGTERM or SIGINT comes; returns when asked to stop.
void end_on_stop_signal(const std::stop_token& stop);

}  // namespace wenyuan::app
