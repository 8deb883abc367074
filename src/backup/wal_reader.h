// Reads committed frames out of SQLite's write-ahead log while it is written.
//
// The format: https://sqlite.org/fileformat2.html#the_write_ahead_log
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "backup/segment.h"
#include "base/result.h"

namespace wenyuan::backup {

// Where the last reading ended, and what the log was then.
struct WalPosition {
  std::uint32_t salt[2] = {0, 0};
  std::uint32_t checksum[2] = {0, 0};
  std::int64_t frame = 0;  // frames before it are read
  bool known = false;
};

class WalReader {
 public:
  explicit WalReader(std::filesystem::path file) : file_(std::move(file)) {}

  // Frames from the position up to number `frames` (from 1), which ends a transaction, into
  // `pages`; moves the position. A log that has begun anew is read from its start. Checks every
  // checksum: corrupt when the log does not reach so far. unavailable when it cannot be read.
  Status read(WalPosition& position, std::int64_t frames, CommittedPages& pages) const;
  // 0 while there is none.
  std::int64_t page_size() const { return page_size_; }
  // Looks at the log's header: call before read().
  Status open(WalPosition& position);

 private:
  std::filesystem::path file_;
  std::int64_t page_size_ = 0;
  bool big_endian_ = false;
};

// SQLite's checksum over 8-byte groups, from what it was; for tests too.
void wal_checksum(std::string_view bytes, bool big_endian, std::uint32_t (&sum)[2]);

}  // namespace wenyuan::backup
