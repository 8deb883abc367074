// Keeps one wenyuan-engine process alive.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"

namespace wenyuan::llm {

struct EngineSupervisorOptions {
  std::filesystem::path program;  // wenyuan-engine
  std::filesystem::path socket;
  std::filesystem::path models;
  std::size_t threads = 0;  // 0: the engine decides
  std::string cache;        // "f16" or "q8_0"; empty: the engine decides
  // How long stop() waits for a clean end before it kills.
  std::chrono::milliseconds stop_time{5000};
  // How often a running engine is asked whether it still answers, and after what time without an
  // answer it is killed. Work in progress is no silence.
  std::chrono::milliseconds ask_period{5000};
  std::chrono::milliseconds silence_max{20'000};
};

struct EngineState {
  enum class Phase {
    starting,  // the process runs and does not answer yet, or waits for its next start
    running,   // it answers
    failed,    // it died or could not be started several times in a row; tries go on
    stopped,
  };
  Phase phase = Phase::stopped;
  pid_t pid = 0;  // 0 when there is no process
  std::int64_t restarts = 0;
  std::int64_t hangs = 0;  // restarts because it did not answer
  std::string last_end;    // how the last process ended: "signal 9", "exit status 1"
};

// Starts the engine from a thread of its own and starts it again when it dies: at once the first
// time, then after pauses that grow to 10 s until it has lived for a while. One that lives but does
// not answer is killed, so that requests that wait for it end. The engine's stderr is this
// process's. start() and stop() belong to one thread, the rest to any.
class EngineSupervisor {
 public:
  explicit EngineSupervisor(EngineSupervisorOptions options) : options_(std::move(options)) {}
  ~EngineSupervisor() { stop(); }
  EngineSupervisor(const EngineSupervisor&) = delete;
  EngineSupervisor& operator=(const EngineSupervisor&) = delete;

  // invalid_argument when the program cannot be executed. Does not wait until the engine answers.
  Status start();
  // Ends the engine: SIGTERM, after stop_time SIGKILL. It can be started again.
  void stop();

  EngineState state() const;
  // False when it was not running within `time`.
  bool wait_until_running(std::chrono::milliseconds time) const;

 private:
  void run();
  bool start_process();
  void watch(pid_t pid);
  bool asked_to_stop() const;
  void note_running();
  void kill_silent(pid_t pid);
  void reap(pid_t pid);
  std::chrono::milliseconds next_pause(std::chrono::milliseconds lived);

  const EngineSupervisorOptions options_;
  std::thread thread_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  EngineState state_;      // guarded by mutex_
  bool stopping_ = false;  // guarded by mutex_
  int deaths_ = 0;         // in a row; of thread_ alone
};

}  // namespace wenyuan::llm
