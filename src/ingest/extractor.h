// Runs wenyuan-extract on one file, in a sandbox.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "ingest/extracted.h"
#include "ingest/sandbox.h"

namespace wenyuan::ingest {

// Thread-safe.
class Extractor {
 public:
  struct Options {
    std::filesystem::path program;  // wenyuan-extract
    bool sandbox = true;            // false only when the owner said --no-sandbox
    SandboxLimits limits;
  };

  // unavailable when a sandbox is wanted and cannot be had, or when the program does not run in it.
  static Result<Extractor> open(const Options& options);

  // unsupported_media for a kind we cannot read, corrupt for a damaged file, too_large beyond the
  // limits (with which one), cancelled.
  Result<Extracted> extract(const std::filesystem::path& file, const std::string& declared_type,
                            std::stop_token stop) const;
  // The same for an open file.
  Result<Extracted> extract(int file, const std::string& declared_type, std::stop_token stop) const;

 private:
  Extractor(Options options, Sandbox sandbox)
      : options_(std::move(options)), sandbox_(std::move(sandbox)) {}

  Options options_;
  Sandbox sandbox_;
};

}  // namespace wenyuan::ingest
