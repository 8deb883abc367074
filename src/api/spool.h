// A body that has to be read more than once: in a file without a name, which goes with this object.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"

namespace wenyuan::api {

class Spool {
 public:
  static Result<Spool> create();
  Status write(std::string_view bytes);
  std::int64_t size() const { return size_; }
  // Fewer bytes only at the end.
  Result<std::string> read(std::int64_t offset, std::size_t size) const;

 private:
  explicit Spool(FileDescriptor fd) : fd_(std::move(fd)) {}
  FileDescriptor fd_;
  std::int64_t size_ = 0;
};

}  // namespace wenyuan::api
