#include "api/spool.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace wenyuan::api {

Result<Spool> Spool::create() {
  std::error_code failed;
  std::string name = (std::filesystem::temp_directory_path(failed) / "wenyuan-XXXXXX").string();
  FileDescriptor fd(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd) return errno_error("create", name);
  ::unlink(name.c_str());
  return Spool(std::move(fd));
}

Status Spool::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return errno_error("write a temporary file");
    size_ += count;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return Done{};
}

Result<std::string> Spool::read(std::int64_t offset, std::size_t size) const {
  if (offset < 0 || offset > size_) return std::string();
  // What was asked for may come from the file itself: no more memory than there are bytes.
  std::string bytes(std::min(size, static_cast<std::size_t>(size_ - offset)), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::pread(fd_.get(), bytes.data() + done, bytes.size() - done,
                                  offset + static_cast<std::int64_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return errno_error("read a temporary file");
    done += static_cast<std::size_t>(count);
  }
  return bytes;
}

}  // namespace wenyuan::api
