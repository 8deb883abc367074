// The parts of a store that the server and the offline commands share.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "index/compartments.h"
#include "store/database.h"

namespace wenyuan::app {

// Where every Linux has a file system in memory.
constexpr const char* kIndexMemory = "/dev/shm";

// Where things lie in the data directory.
struct Layout {
  explicit Layout(std::filesystem::path root) : data(std::move(root)) {}
  std::filesystem::path data;
  // Where search indexes lie in the open while they are used; see index_memory in app/config.h.
  std::filesystem::path index_memory = kIndexMemory;
  std::filesystem::path blobs() const { return data / "blobs"; }
  std::filesystem::path indexes() const { return data / "indexes"; }
  std::filesystem::path index_model() const { return data / "index.model"; }
  std::filesystem::path engine_socket() const;
};

// For commands that look at a store beside a running server. Where the keys are is taken from the
// environment, as the server does.
store::Database::Options read_only_options(const std::filesystem::path& data);

// invalid_argument when it is not on a file system in memory.
Status check_memory(const std::filesystem::path& folder);

// The embedding model whose vectors the indexes hold, as the last server kept it; no model before
// the first start.
Result<index::VectorModel> indexed_model(const Layout& layout);
Status keep_indexed_model(const Layout& layout, const index::VectorModel& model);

enum class IndexUse {
  serve,
  look,  // Compartments::Options::strict
};
// `directory` is Layout::indexes(), or a copy of it. `memory`: Compartments::Options::memory.
Result<std::unique_ptr<index::Compartments>> open_compartments(
    const std::filesystem::path& directory, const std::filesystem::path& memory,
    const store::Database& database, const index::VectorModel& model,
    IndexUse use = IndexUse::serve);

}  // namespace wenyuan::app
