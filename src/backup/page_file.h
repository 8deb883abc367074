// A database file that nobody has open, written page by page.
#pragma once

#include <cstdint>
#include <filesystem>

#include "backup/segment.h"
#include "base/file.h"
#include "base/result.h"

namespace wenyuan::backup {

class PageFile {
 public:
  // As the file's header says; corrupt when it is no database.
  static Result<std::int64_t> page_size_of(const std::filesystem::path& file);
  static Result<PageFile> open(const std::filesystem::path& file, std::int64_t page_size);

  // Makes the file as long as the database is afterwards. corrupt for a page without a number.
  Status write(const Segment::Pages& pages);
  Status sync();

 private:
  PageFile(std::filesystem::path file, std::int64_t page_size, FileDescriptor fd)
      : file_(std::move(file)), page_size_(page_size), fd_(std::move(fd)) {}
  std::filesystem::path file_;
  std::int64_t page_size_;
  FileDescriptor fd_;
};

}  // namespace wenyuan::backup
