#include "ingest/seccomp_policy.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/file.h"

namespace wenyuan::ingest {
namespace {

constexpr int kAlways[] = {SCMP_SYS(read),
                           SCMP_SYS(pread64),
                           SCMP_SYS(readv),
                           SCMP_SYS(write),
                           SCMP_SYS(writev),
                           SCMP_SYS(close),
                           SCMP_SYS(fstat),
                           SCMP_SYS(newfstatat),
                           SCMP_SYS(stat),
                           SCMP_SYS(lstat),
                           SCMP_SYS(statx),
                           SCMP_SYS(lseek),
                           SCMP_SYS(munmap),
                           SCMP_SYS(mremap),
                           SCMP_SYS(madvise),
                           SCMP_SYS(brk),
                           SCMP_SYS(futex),
                           SCMP_SYS(exit),
                           SCMP_SYS(exit_group),
                           SCMP_SYS(rt_sigaction),
                           SCMP_SYS(rt_sigprocmask),
                           SCMP_SYS(rt_sigreturn),
                           SCMP_SYS(sigaltstack),
                           SCMP_SYS(getpid),
                           SCMP_SYS(gettid),
                           SCMP_SYS(getuid),
                           SCMP_SYS(geteuid),
                           SCMP_SYS(getgid),
                           SCMP_SYS(getegid),
                           SCMP_SYS(getrandom),
                           SCMP_SYS(clock_gettime),
                           SCMP_SYS(gettimeofday),
                           SCMP_SYS(clock_getres),
                           SCMP_SYS(getrusage),
                           SCMP_SYS(getcwd),
                           SCMP_SYS(uname),
                           SCMP_SYS(sysinfo),
                           SCMP_SYS(sched_getaffinity),
                           SCMP_SYS(sched_yield),
                           SCMP_SYS(access),
                           SCMP_SYS(faccessat),
                           SCMP_SYS(faccessat2),
                           SCMP_SYS(readlink),
                           SCMP_SYS(readlinkat),
                           SCMP_SYS(getdents64),
                           SCMP_SYS(fcntl),
                           SCMP_SYS(dup),
                           SCMP_SYS(poll),
                           SCMP_SYS(tgkill),
                           SCMP_SYS(restart_syscall),
                           SCMP_SYS(nanosleep),
                           SCMP_SYS(clock_nanosleep)};

// What the dynamic loader and libc need until main() runs, and bubblewrap before them.
constexpr int kStartup[] = {
    SCMP_SYS(execve),     SCMP_SYS(mprotect),        SCMP_SYS(mmap),
    SCMP_SYS(arch_prctl), SCMP_SYS(set_tid_address), SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),       SCMP_SYS(prlimit64),       SCMP_SYS(getrlimit),
    SCMP_SYS(setrlimit),  SCMP_SYS(prctl),           SCMP_SYS(seccomp),
    SCMP_SYS(wait4)};

constexpr int kWriteFlags = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;

struct Release {
  void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

Result<Context> make(bool strict) {
  Context context(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  const Error failed{ErrorCode::unavailable, "the list of system calls cannot be made"};
  if (!context) return failed;
  const auto allow = [&](int call) {
    return seccomp_rule_add(context.get(), SCMP_ACT_ALLOW, call, 0) == 0;
  };
  for (const int call : kAlways) {
    if (!allow(call)) return failed;
  }
  // Allowed as long as none of `bits` is set in the argument.
  const auto allow_without = [&](int call, unsigned argument, int bits) {
    const scmp_arg_cmp condition{argument, SCMP_CMP_MASKED_EQ, static_cast<scmp_datum_t>(bits), 0};
    return seccomp_rule_add_array(context.get(), SCMP_ACT_ALLOW, call, 1, &condition) == 0;
  };
  if (!allow_without(SCMP_SYS(open), 1, kWriteFlags) ||
      !allow_without(SCMP_SYS(openat), 2, kWriteFlags)) {
    return failed;
  }
  if (strict) {
    // Memory may change between readable and writable, but never become executable.
    if (!allow_without(SCMP_SYS(mmap), 2, PROT_EXEC) ||
        !allow_without(SCMP_SYS(mprotect), 2, PROT_EXEC)) {
      return failed;
    }
  } else {
    for (const int call : kStartup) {
      if (!allow(call)) return failed;
    }
  }
  return context;
}

}  // namespace

Result<std::string> startup_seccomp_filter() {
  WY_TRY(const Context context, make(false));
  const FileDescriptor file(::memfd_create("seccomp", MFD_CLOEXEC));
  if (!file) return errno_error("memfd_create");
  if (seccomp_export_bpf(context.get(), file.get()) != 0) {
    return Error{ErrorCode::unavailable, "the list of system calls cannot be written"};
  }
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  std::string program(static_cast<std::size_t>(size), '\0');
  if (::pread(file.get(), program.data(), program.size(), 0) != size) return errno_error("pread");
  return program;
}

Status enter_strict_seccomp() {
  WY_TRY(const Context context, make(true));
  if (seccomp_load(context.get()) != 0) {
    return Error{ErrorCode::unavailable, "the list of system calls cannot be loaded"};
  }
  return Done{};
}

}  // namespace wenyuan::ingest
