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

// Where things lie in the data directory.
struct Layout {
  explicit Layout(std::filesystem::path root) : data(std::move(root)) {}
  std::filesystem::path data;
  std::filesystem::path blobs() const { return data / "blobs"; }
  std::filesystem::path indexes() const { return data / "indexes"; }
  std::filesystem::path seal_key() const { return data / "index.key"; }
  std::filesystem::path index_model() const { return data / "index.model"; }
  std::filesystem::path engine_socket() const;
};

// The key under which index files are sealed; made on first use.
Result<std::vector<std::uint8_t>> seal_key(const Layout& layout);

// The embedding model whose vectors the indexes hold, as the last server kept it; no model before
// the first start.
Result<index::VectorModel> indexed_model(const Layout& layout);
Status keep_indexed_model(const Layout& layout, const index::VectorModel& model);

// `directory` is layout.indexes(), or a copy of it.
Result<std::unique_ptr<index::Compartments>> open_compartments(
    const Layout& layout, const std::filesystem::path& directory, const store::Database& database,
    const index::VectorModel& model);

}  // namespace wenyuan::app
