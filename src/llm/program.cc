#include "llm/program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "base/text.h"

namespace wenyuan::llm {
namespace {

constexpr std::size_t kLogSizeMax = std::size_t{1} << 20;

class FileActions {
 public:
  FileActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  void output_to(const std::filesystem::path& log) {
    ::posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, log.c_str(),
                                       O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO, STDERR_FILENO);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

std::string last_line(const std::filesystem::path& log) {
  const auto text = read_file(log, kLogSizeMax);
  if (!text) return "";
  const std::vector<std::string_view> lines = split(trim(*text), '\n');
  return std::string(trim(lines.back()));
}

}  // namespace

Status run_program(const std::vector<std::string>& words, const std::filesystem::path& log) {
  FileActions actions;
  actions.output_to(log);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int failed =
      ::posix_spawnp(&child, arguments[0], actions.get(), nullptr, arguments.data(), environ);
  if (failed != 0) {
    return Error{
        ErrorCode::unavailable,
        words[0] + " cannot be started: " + std::strerror(failed)};  // NOLINT: thread-safe in glibc
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return errno_error("waitpid");
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return Done{};
  return Error{ErrorCode::unavailable, words[0] + " failed: " + last_line(log)};
}

}  // namespace wenyuan::llm
