// A zip archive in memory, refused when it is built to do harm.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace wenyuan::ingest {

struct ZipLimits {
  std::uint64_t total_size_max = std::uint64_t{512} << 20;  // declared, and really unpacked
  std::uint64_t entry_size_max = std::uint64_t{128} << 20;  // of one that is read
  std::uint64_t ratio_max = 200;                            // unpacked to packed, of each entry
  std::uint64_t ratio_free_size = std::uint64_t{1} << 20;   // smaller entries may have any ratio
  std::int64_t entry_count_max = 10'000;
};

// Names are only ever looked up; nothing is unpacked to disk.
class ZipArchive {
 public:
  // `bytes` must outlive it. corrupt for what is no archive, is encrypted or has names that lead
  // out of it; too_large beyond the limits.
  static Result<ZipArchive> open(std::string_view bytes, const ZipLimits& limits = {});
  ZipArchive(ZipArchive&&) noexcept;
  ~ZipArchive();

  bool has(const std::string& name) const;
  // not_found when there is none.
  Result<std::string> read(const std::string& name);

 private:
  struct Impl;
  explicit ZipArchive(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace wenyuan::ingest
