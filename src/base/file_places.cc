#include "base/file_places.h"

#include <unistd.h>

#include <cerrno>

#include "base/file.h"

namespace wenyuan {

Result<std::size_t> read_at(int fd, std::int64_t at, std::span<char> into,
                            const std::filesystem::path& path) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t count = ::pread(fd, into.data() + done, into.size() - done,
                                  static_cast<off_t>(at) + static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("read", path);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

Status write_at(int fd, std::int64_t at, std::string_view bytes,
                const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return errno_error("write", path);
    bytes.remove_prefix(static_cast<std::size_t>(count));
    at += count;
  }
  return Done{};
}

}  // namespace wenyuan
