// Runs wenyuan-extract on one file, in a sandbox.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "ingest/extracted.h"

namespace wenyuan::ingest {

// Thread-safe.
class Extractor {
 public:
  struct Options {
    std::filesystem::path program;  // wenyuan-extract
    bool sandbox = true;            // false only when the owner said --no-sandbox
    std::chrono::seconds time_max{120};
    std::int64_t memory_bytes_max = std::int64_t{2} << 30;
    std::int64_t output_bytes_max = std::int64_t{256} << 20;
  };

  // unavailable when a sandbox is wanted and cannot be had.
  static Result<Extractor> open(const Options& options);

  // unsupported_media for a kind we cannot read, corrupt for a damaged file, too_large beyond the
  // limits (with which one), cancelled.
  Result<Extracted> extract(const std::filesystem::path& file, const std::string& declared_type,
                            std::stop_token stop) const;

 private:
  explicit Extractor(Options options) : options_(std::move(options)) {}
  Options options_;
};

}  // namespace wenyuan::ingest
