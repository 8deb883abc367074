#include "backup/page_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace wenyuan::backup {
namespace {

constexpr std::string_view kMagic("SQLite format 3\0", 16);
// Two bytes, the first the higher; 1 stands for 65,536.
constexpr std::size_t kPageSizeAt = 16;

}  // namespace

Result<std::int64_t> PageFile::page_size_of(const std::filesystem::path& file) {
  const FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error("open", file);
  char head[18] = {};
  const ssize_t count = ::pread(fd.get(), head, sizeof head, 0);
  std::int64_t size = static_cast<unsigned char>(head[kPageSizeAt]) * 256 +
                      static_cast<unsigned char>(head[kPageSizeAt + 1]);
  if (size == 1) size = 65'536;
  if (count != sizeof head || std::string_view(head, kMagic.size()) != kMagic ||
      !is_page_size(size)) {
    return Error{ErrorCode::corrupt, file.string() + " is not a database"};
  }
  return size;
}

Result<PageFile> PageFile::open(const std::filesystem::path& file, std::int64_t page_size) {
  FileDescriptor fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) return errno_error("open", file);
  return PageFile(file, page_size, std::move(fd));
}

Status PageFile::write(const Segment::Pages& pages) {
  const auto size = static_cast<std::size_t>(page_size_);
  for (std::size_t at = 0; at < pages.frames.size(); at += size + 4) {
    std::uint32_t number = 0;
    std::memcpy(&number, pages.frames.data() + at, sizeof number);
    // A page that a later one of the same commit made needless may lie beyond the end.
    if (number == 0) return Error{ErrorCode::corrupt, "a page has no number"};
    if (number > pages.page_count) continue;
    std::string_view rest = pages.frames.substr(at + 4, size);
    auto offset = static_cast<off_t>(number - 1) * static_cast<off_t>(page_size_);
    while (!rest.empty()) {
      const ssize_t count = ::pwrite(fd_.get(), rest.data(), rest.size(), offset);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return errno_error("write", file_);
      rest.remove_prefix(static_cast<std::size_t>(count));
      offset += count;
    }
  }
  const auto wanted = static_cast<off_t>(pages.page_count) * static_cast<off_t>(page_size_);
  if (::ftruncate(fd_.get(), wanted) != 0) return errno_error("truncate", file_);
  return Done{};
}

Status PageFile::sync() {
  if (::fsync(fd_.get()) != 0) return errno_error("fsync", file_);
  return Done{};
}

}  // namespace wenyuan::backup
