// The file that says what a generation on disk holds, and proves that its files are unchanged.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "base/document.h"
#include "base/result.h"

namespace wenyuan::index {

struct Seal {
  LabelId label = 0;  // a generation moved to another compartment does not verify
  CommitNumber applied = 0;
  std::string store_id;
  std::string embedding_model;
  std::uint64_t vector_size = 0;
};

constexpr std::size_t kSealKeySize = 32;

// Syncs every file below `directory`, then writes the file "seal": the fields above, each file's
// path, size and SHA-256, and an HMAC-SHA256 over all of it.
Status write_seal(const std::filesystem::path& directory, const Seal& seal,
                  std::span<const std::uint8_t> key);

// Reads every file. corrupt when something is missing, changed or too much.
Result<Seal> verify_seal(const std::filesystem::path& directory, std::span<const std::uint8_t> key);

// What is in `directory` never verifies again.
Status break_seal(const std::filesystem::path& directory);

}  // namespace wenyuan::index
