#include "llm/engine_supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "llm/engine_ping.h"

namespace wenyuan::llm {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kFirstPause{200};
constexpr milliseconds kPauseMax{10'000};
constexpr milliseconds kLivedLongEnough{30'000};
constexpr milliseconds kAnswerPoll{5};
constexpr int kDeathsOfFailure = 5;

// Frees what posix_spawn was told.
struct SpawnPlan {
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnPlan() {
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

// The engine gets no file of ours but stdout and stderr, no blocked signals, and a process group of
// its own, so that Ctrl-C in a terminal reaches us alone and the order of the end is ours.
void plan(SpawnPlan& spawn) {
  posix_spawn_file_actions_addopen(&spawn.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&spawn.actions, STDERR_FILENO + 1);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&spawn.attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&spawn.attributes, &signals);
  posix_spawnattr_setpgroup(&spawn.attributes, 0);
  posix_spawnattr_setflags(&spawn.attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

std::vector<std::string> arguments(const EngineSupervisorOptions& options) {
  std::vector<std::string> words = {
      options.program.string(), "--socket", options.socket.string(),   "--models",
      options.models.string(),  "--parent", std::to_string(::getpid())};
  if (options.threads > 0) {
    words.emplace_back("--threads");
    words.push_back(std::to_string(options.threads));
  }
  if (!options.cache.empty()) {
    words.emplace_back("--cache");
    words.push_back(options.cache);
  }
  return words;
}

Result<pid_t> spawn(const EngineSupervisorOptions& options) {
  SpawnPlan how;
  plan(how);
  std::vector<std::string> words = arguments(options);
  std::vector<char*> raw;
  for (std::string& word : words) raw.push_back(word.data());
  raw.push_back(nullptr);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, options.program.c_str(), &how.actions, &how.attributes,
                                  raw.data(), environ);
  if (error == 0) return pid;
  return Error{ErrorCode::unavailable,
               "start " + options.program.string() + ": " + std::strerror(error)};
}

// True when it has ended. It stays a zombie, so that its pid cannot become somebody else's before
// reap() has forgotten it under the lock.
bool has_ended(pid_t pid, bool wait) {
  siginfo_t info{};
  const int options = WEXITED | WNOWAIT | (wait ? 0 : WNOHANG);
  int status = 0;
  do {
    status = ::waitid(P_PID, static_cast<id_t>(pid), &info, options);
  } while (status != 0 && errno == EINTR);
  return status != 0 || info.si_pid == pid;
}

// True when it ends within `time`.
bool ends_within(pid_t pid, milliseconds time) {
  const FileDescriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd end{process.get(), POLLIN, 0};
  // Without a descriptor this is a pause: poll passes over negative ones.
  ::poll(&end, 1, static_cast<int>(time.count()));
  return has_ended(pid, false);
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "exit status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

Status EngineSupervisor::start() {
  if (::access(options_.program.c_str(), X_OK) != 0) {
    return Error{ErrorCode::invalid_argument, errno_error("execute", options_.program).message};
  }
  const std::lock_guard lock(mutex_);
  WY_ASSERT(!thread_.joinable());
  stopping_ = false;
  deaths_ = 0;
  state_ = EngineState();
  state_.phase = EngineState::Phase::starting;
  thread_ = std::thread([this] { run(); });
  return Done{};
}

void EngineSupervisor::stop() {
  if (!thread_.joinable()) return;
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    const auto ended = [this] { return state_.pid == 0; };
    if (state_.pid != 0) ::kill(state_.pid, SIGTERM);
    if (!changed_.wait_for(lock, options_.stop_time, ended)) {
      log::warn("engine_killed", {{"pid", state_.pid}});
      ::kill(state_.pid, SIGKILL);
    }
  }
  thread_.join();
  const std::lock_guard lock(mutex_);
  state_.phase = EngineState::Phase::stopped;
}

EngineState EngineSupervisor::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

bool EngineSupervisor::wait_until_running(milliseconds time) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, time,
                           [this] { return state_.phase == EngineState::Phase::running; });
}

// The engine asks the kernel to be killed with the thread that started it; that is this one, which
// lives as long as the supervisor.
void EngineSupervisor::run() {
  for (;;) {
    const auto began = steady_clock::now();
    if (start_process()) {
      const pid_t pid = state().pid;
      watch(pid);
      reap(pid);
    }
    const milliseconds pause =
        next_pause(std::chrono::duration_cast<milliseconds>(steady_clock::now() - began));
    std::unique_lock lock(mutex_);
    if (deaths_ >= kDeathsOfFailure) state_.phase = EngineState::Phase::failed;
    changed_.notify_all();
    if (changed_.wait_for(lock, pause, [this] { return stopping_; })) return;
    ++state_.restarts;
  }
}

bool EngineSupervisor::start_process() {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  const auto pid = spawn(options_);
  if (pid) {
    state_.pid = *pid;
    return true;
  }
  state_.last_end = pid.error().message;
  log::error("engine_not_started", {{"reason", pid.error().message}});
  return false;
}

// Until it has ended.
void EngineSupervisor::watch(pid_t pid) {
  auto last_answer = steady_clock::now();
  bool has_answered = false;
  while (!ends_within(pid, has_answered ? options_.ask_period : kAnswerPoll)) {
    if (asked_to_stop()) break;
    const auto silence =
        std::chrono::duration_cast<milliseconds>(steady_clock::now() - last_answer);
    const Status answered =
        ping(options_.socket, std::max(milliseconds{1}, options_.silence_max - silence));
    if (answered) {
      last_answer = steady_clock::now();
      if (!std::exchange(has_answered, true)) note_running();
    } else if (steady_clock::now() - last_answer >= options_.silence_max) {
      kill_silent(pid);
      break;
    }
  }
  has_ended(pid, true);
}

bool EngineSupervisor::asked_to_stop() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void EngineSupervisor::note_running() {
  const std::lock_guard lock(mutex_);
  if (stopping_) return;
  state_.phase = EngineState::Phase::running;
  changed_.notify_all();
}

void EngineSupervisor::kill_silent(pid_t pid) {
  log::error("engine_hangs", {{"pid", pid}, {"silence_ms", options_.silence_max.count()}});
  ::kill(pid, SIGKILL);
  const std::lock_guard lock(mutex_);
  ++state_.hangs;
}

void EngineSupervisor::reap(pid_t pid) {
  const std::lock_guard lock(mutex_);
  int status = 0;
  ::waitpid(pid, &status, 0);
  state_.pid = 0;
  state_.last_end = how_it_ended(status);
  state_.phase = EngineState::Phase::starting;
  changed_.notify_all();
  if (!stopping_) {
    log::error("engine_ended", {{"pid", pid}, {"how", state_.last_end}});
  }
}

// None after the first death, so that the usual case (one request that was too much) costs nothing.
milliseconds EngineSupervisor::next_pause(milliseconds lived) {
  deaths_ = lived >= kLivedLongEnough ? 1 : deaths_ + 1;
  if (deaths_ == 1) return milliseconds{0};
  return std::min(kPauseMax, kFirstPause * (1 << std::min(deaths_ - 2, 10)));
}

}  // namespace wenyuan::llm
