// Tries what a parser that was taken over would try, and prints what worked, a word a line.
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

void report(const char* what, bool worked) {
  std::printf("%s %s\n", worked ? "DID" : "could not", what);
}

bool can_open(const char* path, int flags) {
  const int fd = ::open(path, flags, 0600);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

bool can_connect() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(9);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool reached =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return reached;
}

bool can_fork() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  if (pid < 0) return false;
  ::waitpid(pid, nullptr, 0);
  return true;
}

bool has_secret_environment() { return std::getenv("WY_TEST_SECRET") != nullptr; }

// Of what does no harm outside of the sandbox either.
void try_harmless(const char* outside) {
  report("read /etc/passwd", can_open("/etc/passwd", O_RDONLY));
  report("read /etc/hostname", can_open("/etc/hostname", O_RDONLY));
  report("read a file outside", can_open(outside, O_RDONLY));
  report("list /home", ::opendir("/home") != nullptr);
  report("see processes", can_open("/proc/self/status", O_RDONLY));
  report("make a socket", ::socket(AF_INET, SOCK_STREAM, 0) >= 0);
  report("make a local socket", ::socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
  report("connect", can_connect());
  report("fork", can_fork());
  report("see the environment", has_secret_environment());
  report("use an inherited descriptor", ::fcntl(200, F_GETFD) >= 0);
}

void try_harmful() {
  report("write /tmp", can_open("/tmp/evil", O_WRONLY | O_CREAT));
  report("write here", can_open("evil", O_WRONLY | O_CREAT));
  report("write the program", can_open("/program", O_WRONLY));
  report("trace its parent", ::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr) == 0);
  report("kill its parent", ::kill(::getppid(), SIGTERM) == 0);
  report("remove the program", ::unlink("/program") == 0);
}

}  // namespace

int main(int argument_count, char** arguments) {
  const std::string mode = argument_count > 1 ? arguments[1] : "";
  const char* const outside = argument_count > 2 ? arguments[2] : "/nothing";
  if (mode == "harmless") {
    try_harmless(outside);
  } else if (mode == "everything") {
    try_harmless(outside);
    try_harmful();
  } else if (mode == "sleep") {
    ::sleep(1000);
  } else if (mode == "spin") {
    for (unsigned long i = 1; i != 0; ++i) std::fputs("", stderr);
  } else if (mode == "memory") {
    std::vector<std::string> all;
    for (;;) all.emplace_back(std::size_t{1} << 24, 'x');
  } else if (mode == "flood") {
    const std::string block(1 << 16, 'x');
    while (::write(STDOUT_FILENO, block.data(), block.size()) > 0) {
    }
  } else if (mode == "shell") {
    ::execl("/bin/sh", "sh", "-c", "echo DID shell", nullptr);
    report("start a shell", false);
  } else if (mode == "crash") {
    ::raise(SIGSEGV);
    std::abort();
  } else if (mode == "lie") {
    std::fputs("\x01WYX1 not what it should be", stdout);
  } else {
    return 9;
  }
  std::fflush(stdout);
  return 0;
}
