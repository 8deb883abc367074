#include "ingest/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>

namespace wenyuan::ingest {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kErrorsSizeMax = 4096;
constexpr int kFileCountMax = 64;
constexpr int kFirstFreeDescriptor = 16;  // ours are moved above the ones that the child gets
constexpr int kPollMillis = 50;           // how soon a request to stop is seen
constexpr int kExecFailed = 127;

struct Pipe {
  FileDescriptor read;
  FileDescriptor write;
};

Result<FileDescriptor> moved_up(int fd) {
  FileDescriptor moved(::fcntl(fd, F_DUPFD_CLOEXEC, kFirstFreeDescriptor));
  if (!moved) return errno_error("fcntl");
  return moved;
}

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("pipe");
  const FileDescriptor low_read(ends[0]);
  const FileDescriptor low_write(ends[1]);
  WY_TRY(FileDescriptor read, moved_up(ends[0]));
  WY_TRY(FileDescriptor write, moved_up(ends[1]));
  return Pipe{std::move(read), std::move(write)};
}

// What the child needs, made before the fork: after it, in a process with many threads, only calls
// that are safe in a signal handler are allowed, so no memory can be had.
struct ChildPlan {
  std::vector<char*> arguments;
  std::array<int, 4> descriptors;
  rlim_t memory_bytes_max;
  rlim_t seconds_max;
};

void limit(__rlimit_resource what, rlim_t value, rlim_t hard) {
  const rlimit both{value, hard};
  if (::setrlimit(what, &both) != 0) ::_exit(kExecFailed);
}
void limit(__rlimit_resource what, rlim_t value) { limit(what, value, value); }

[[noreturn]] void become(const ChildPlan& plan) {
  for (std::size_t at = 0; at < plan.descriptors.size(); ++at) {
    const int fd = plan.descriptors[at];
    if (fd >= 0 && ::dup2(fd, static_cast<int>(at)) < 0) ::_exit(kExecFailed);
  }
  const unsigned first_closed = plan.descriptors.back() >= 0 ? 4 : 3;
  ::close_range(first_closed, ~0U, 0);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // SIGXCPU first: a SIGKILL then always comes from somebody else.
  limit(RLIMIT_CPU, plan.seconds_max, plan.seconds_max + 1);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_NOFILE, kFileCountMax);
  if (plan.memory_bytes_max > 0) limit(RLIMIT_AS, plan.memory_bytes_max);
  char* environment[] = {nullptr};
  ::execve(plan.arguments[0], plan.arguments.data(), environment);
  ::_exit(kExecFailed);
}

// A child that is killed and waited for, whatever happens.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (status_) return;
    kill();
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  }

  void kill() const { ::kill(pid_, SIGKILL); }

  // The exit code when it has ended.
  std::optional<int> poll() {
    int status = 0;
    if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
      status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return status_;
  }

 private:
  pid_t pid_;
  std::optional<int> status_;
};

// Takes what there is. False at the end of the stream.
bool drain(int fd, std::string& into, std::size_t size_max, bool& too_large) {
  char buffer[64 * 1024];
  const ssize_t count = ::read(fd, buffer, sizeof buffer);
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  if (count == 0) return false;
  const auto size = static_cast<std::size_t>(count);
  too_large = into.size() + size > size_max;
  into.append(buffer, std::min(size, size_max - into.size()));
  return true;
}

class Pump {
 public:
  Pump(const ProcessRequest& request, int output, int errors)
      : request_(request), ends_{{{output, POLLIN, 0}, {errors, POLLIN, 0}}} {}

  // Until the child has ended, or is to be killed. True when it has ended by itself.
  Result<bool> run(Child& child, std::stop_token stop) {
    const auto deadline = SteadyClock::now() + request_.time_max;
    for (;;) {
      if (stop.stop_requested()) return Error{ErrorCode::cancelled, "stopped"};
      if (SteadyClock::now() >= deadline) {
        result_.timed_out = true;
        return false;
      }
      const bool open = ends_[0].fd >= 0 || ends_[1].fd >= 0;
      if (!open) {
        if (const auto code = child.poll()) {
          result_.exit_code = *code;
          return true;
        }
      }
      // Closed streams mostly mean that the end is near.
      if (::poll(ends_.data(), ends_.size(), open ? kPollMillis : 1) > 0) take();
      if (result_.output_too_large) return false;
    }
  }

  ProcessResult take_result() { return std::move(result_); }

 private:
  void take() {
    bool errors_too_large = false;  // and then merely cut
    if (ends_[0].revents != 0 &&
        !drain(ends_[0].fd, result_.output, request_.output_bytes_max, result_.output_too_large)) {
      ends_[0].fd = -1;
    }
    if (ends_[1].revents != 0 &&
        !drain(ends_[1].fd, result_.errors, kErrorsSizeMax, errors_too_large)) {
      ends_[1].fd = -1;
    }
  }

  const ProcessRequest& request_;
  std::array<pollfd, 2> ends_;
  ProcessResult result_;
};

}  // namespace

Result<ProcessResult> run_process(const ProcessRequest& request, std::stop_token stop) {
  WY_TRY(Pipe output, make_pipe());
  WY_TRY(Pipe errors, make_pipe());
  WY_TRY(const FileDescriptor input, moved_up(request.input));
  FileDescriptor extra;
  if (request.extra >= 0) {
    WY_TRY(extra, moved_up(request.extra));
  }
  ChildPlan plan;
  for (const std::string& argument : request.command) {
    plan.arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  plan.arguments.push_back(nullptr);
  plan.descriptors = {input.get(), output.write.get(), errors.write.get(), extra.get()};
  plan.memory_bytes_max = static_cast<rlim_t>(request.memory_bytes_max);
  plan.seconds_max =
      static_cast<rlim_t>(std::chrono::ceil<std::chrono::seconds>(request.time_max).count());

  const pid_t pid = ::fork();
  if (pid < 0) return errno_error("fork");
  if (pid == 0) become(plan);
  Child child(pid);
  // Our copies must go, or the streams would never end.
  output.write.reset();
  errors.write.reset();
  Pump pump(request, output.read.get(), errors.read.get());
  WY_TRY(const bool ended, pump.run(child, std::move(stop)));
  if (!ended) child.kill();
  return pump.take_result();
}

}  // namespace wenyuan::ingest
