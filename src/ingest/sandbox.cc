#include "ingest/sandbox.h"

#include <sys/mman.h>
#include <unistd.h>

#include "ingest/seccomp_policy.h"

namespace wenyuan::ingest {
namespace fs = std::filesystem;
namespace {

constexpr const char* kBubblewrapPaths[] = {"/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"};
constexpr const char* kProgramInside = "/program";

void add(std::vector<std::string>& command, std::initializer_list<std::string> words) {
  command.insert(command.end(), words);
}

// The folder as it is on this system: a link into /usr, or a folder of its own.
void add_library_folder(std::vector<std::string>& command, const fs::path& folder) {
  std::error_code error;
  if (fs::is_symlink(folder, error)) {
    add(command, {"--symlink", fs::read_symlink(folder, error).string(), folder.string()});
  } else if (fs::is_directory(folder, error)) {
    add(command, {"--ro-bind", folder.string(), folder.string()});
  }
}

Result<FileDescriptor> memory_file(const std::string& content) {
  FileDescriptor file(::memfd_create("filter", MFD_CLOEXEC));
  if (!file) return errno_error("memfd_create");
  const ssize_t written = ::pwrite(file.get(), content.data(), content.size(), 0);
  if (written != static_cast<ssize_t>(content.size())) return errno_error("write the filter");
  return file;
}

}  // namespace

Result<Sandbox> Sandbox::open(bool enabled) {
  Sandbox sandbox;
  if (!enabled) return sandbox;
  for (const char* path : kBubblewrapPaths) {
    if (sandbox.bubblewrap_.empty() && ::access(path, X_OK) == 0) sandbox.bubblewrap_ = path;
  }
  if (sandbox.bubblewrap_.empty()) {
    return Error{ErrorCode::unavailable, "bubblewrap (bwrap) is not installed"};
  }
  WY_TRY(sandbox.seccomp_filter_, startup_seccomp_filter());
  return sandbox;
}

std::vector<std::string> Sandbox::wrapper(const fs::path& program) const {
  std::vector<std::string> command = {bubblewrap_.string()};
  add(command, {"--unshare-user", "--unshare-all", "--uid", "65534", "--gid", "65534"});
  add(command, {"--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"});
  // Without a process of bubblewrap's own inside, which nobody would wait for where the server is
  // the first process of a container.
  add(command, {"--as-pid-1"});
  add(command, {"--hostname", "sandbox", "--ro-bind", "/usr/lib", "/usr/lib"});
  add_library_folder(command, "/usr/lib64");
  add_library_folder(command, "/lib");
  add_library_folder(command, "/lib64");
  // The tables of CJK encodings that PDFs refer to.
  add(command, {"--ro-bind-try", "/usr/share/poppler", "/usr/share/poppler"});
  add(command, {"--ro-bind", program.string(), kProgramInside, "--remount-ro", "/"});
  add(command, {"--chdir", "/", "--seccomp", "3", "--", kProgramInside});
  return command;
}

Result<ProcessResult> Sandbox::run(const fs::path& program,
                                   const std::vector<std::string>& arguments, int input,
                                   const SandboxLimits& limits, std::stop_token stop) const {
  ProcessRequest request;
  FileDescriptor filter;
  if (bubblewrap_.empty()) {
    request.command = {program.string()};
  } else {
    request.command = wrapper(program);
    WY_TRY(filter, memory_file(seccomp_filter_));
    request.extra = filter.get();
  }
  request.command.insert(request.command.end(), arguments.begin(), arguments.end());
  request.input = input;
  request.time_max = limits.time_max;
  request.memory_bytes_max = limits.memory_bytes_max;
  request.output_bytes_max = static_cast<std::size_t>(limits.output_bytes_max);
  return run_process(request, std::move(stop));
}

}  // namespace wenyuan::ingest
