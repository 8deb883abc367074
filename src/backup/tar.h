// Archives as POSIX tar (ustar) has them, of plain files alone: nothing is compressed, so nothing
// can swell, and every tool opens them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace wenyuan::backup {

constexpr std::size_t kTarBlock = 512;
constexpr std::int64_t kTarFileMax = std::int64_t{8} << 30;

// Letters, digits, '.', '_' and '-' between single slashes, no part that begins with a point; 99
// bytes at most.
bool is_tar_name(std::string_view name);

// One archive has one form: mode 0644, no owner, time 0.
std::string tar_header(std::string_view name, std::int64_t size);
std::string tar_padding(std::int64_t size);
// Two empty blocks.
std::string tar_end();

// Bytes [offset, offset + size) of the archive; fewer only at its end.
using ReadBytes = std::function<Result<std::string>(std::int64_t offset, std::size_t size)>;

class TarReader {
 public:
  TarReader(ReadBytes read, std::int64_t size) : read_(std::move(read)), size_(size) {}

  struct Entry {
    std::string name;
    std::int64_t offset = 0;  // of the file's bytes
    std::int64_t size = 0;
  };
  // Nothing at the end, behind which nothing may stand. corrupt for whatever the functions above
  // would not have written.
  Result<std::optional<Entry>> next();

 private:
  Result<std::optional<Entry>> end();
  ReadBytes read_;
  std::int64_t size_;
  std::int64_t at_ = 0;
};

}  // namespace wenyuan::backup
