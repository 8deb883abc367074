// One generation of a compartment as a sealed file: what it holds, and the files of its shards.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/document.h"
#include "base/result.h"
#include "base/sealed_files.h"

namespace wenyuan::index {

struct ArchiveHead {
  LabelId label = 0;
  CommitNumber applied = 0;
  std::string store_id;
  std::string embedding_model;
  std::uint64_t vector_size = 0;
};

// Writes every file below `directory` into the sealed file `archive`, which is on disk when it
// returns; its folder is not synced. `bound` says which generation it is.
Status write_archive(const SealedFiles& files, const std::filesystem::path& archive,
                     std::string_view bound, const ArchiveHead& head,
                     const std::filesystem::path& directory);

// Makes `directory` with these files. corrupt when the archive is not exactly what was written, or
// of another format; not_found also when its key was destroyed.
Result<ArchiveHead> read_archive(const SealedFiles& files, const std::filesystem::path& archive,
                                 std::string_view bound, const std::filesystem::path& directory);

}  // namespace wenyuan::index
