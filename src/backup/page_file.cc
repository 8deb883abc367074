#include "backup/page_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/file_places.h"

namespace wenyuan::backup {
namespace {

constexpr std::string_view kMagic("SQLite format 3\0", 16);
// Two bytes, the first the higher; 1 stands for 65,536.
constexpr std::size_t kPageSizeAt = 16;

}  // namespace

Result<std::int64_t> PageFile::page_size_of(const std::filesystem::path& file) {
  const FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error("open", file);
  std::array<char, kPageSizeAt + 2> head{};
  WY_TRY(const std::size_t count, read_at(fd.get(), 0, head, file));
  std::int64_t size = static_cast<unsigned char>(head[kPageSizeAt]) * 256 +
                      static_cast<unsigned char>(head[kPageSizeAt + 1]);
  if (size == 1) size = 65'536;
  const bool is_whole = count == head.size() && is_page_size(size);
  if (!is_whole || std::string_view(head.data(), kMagic.size()) != kMagic) {
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
    const std::int64_t offset = (std::int64_t{number} - 1) * page_size_;
    WY_RETURN_IF_ERROR(write_at(fd_.get(), offset, pages.frames.substr(at + 4, size), file_));
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
