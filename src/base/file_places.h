// Reading and writing at a place of an open file, whole: a call that is interrupted, or that does
// only a part, is gone on with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "base/result.h"

namespace wenyuan {

// `at` counts from the beginning, in bytes; `path` is for messages. How many bytes there were:
// fewer than wanted only where the file ends.
Result<std::size_t> read_at(int fd, std::int64_t at, std::span<char> into,
                            const std::filesystem::path& path);
// unavailable when the disk is full; then a part may have been written.
Status write_at(int fd, std::int64_t at, std::string_view bytes, const std::filesystem::path& path);

}  // namespace wenyuan
