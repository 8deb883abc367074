#include "index/memory_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/log.h"
#include "index/guarded.h"

namespace wenyuan::index {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "wenyuan-index-";
constexpr int kMakeTries = 100;

// Nothing when it is not a folder of ours, or somebody holds it.
FileDescriptor try_lock(const fs::path& folder) {
  FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0 || info.st_uid != ::geteuid()) return {};
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return {};
  return fd;
}

// Somebody may have removed it between its making and its locking.
bool is_there(const fs::path& folder, const FileDescriptor& fd) {
  struct stat by_name {};
  struct stat opened {};
  return ::stat(folder.c_str(), &by_name) == 0 && ::fstat(fd.get(), &opened) == 0 &&
         by_name.st_ino == opened.st_ino;
}

void remove_abandoned(const fs::path& memory) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator at(memory, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename().string().starts_with(kPrefix)) folders.push_back(at->path());
  }
  for (const fs::path& folder : folders) {
    const FileDescriptor lock = try_lock(folder);
    if (!lock) continue;
    fs::remove_all(folder, error);
    log::info("index_folder_removed", {{"directory", folder.string()}});
  }
}

}  // namespace

Result<MemoryFolder> MemoryFolder::make(const fs::path& memory) {
  return guarded([&]() -> Result<MemoryFolder> {
    fs::create_directories(memory);
    remove_abandoned(memory);
    for (int i = 0; i < kMakeTries; ++i) {
      fs::path path = memory / (std::string(kPrefix) + new_id("mem"));
      if (::mkdir(path.c_str(), 0700) != 0) return errno_error("create", path);
      FileDescriptor lock = try_lock(path);
      if (lock && is_there(path, lock)) return MemoryFolder(std::move(path), std::move(lock));
    }
    return Error{ErrorCode::unavailable, "a folder in " + memory.string() + " cannot be kept"};
  });
}

MemoryFolder::~MemoryFolder() {
  if (path_.empty()) return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace wenyuan::index
