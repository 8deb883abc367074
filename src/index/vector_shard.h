// An immutable flat FAISS index with the vectors of some chunks of one compartment, in memory.
#pragma once

#include <faiss/IndexFlat.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "index/compartments.h"

namespace wenyuan::index {

// Thread-safe: searching does not change it.
class VectorShard {
 public:
  struct Input {
    const VectorShard* shard;
    const std::vector<ChunkId>* removed;  // sorted
  };

  // Of the chunks that have a vector; their sizes are `vector_size`.
  static Result<std::unique_ptr<VectorShard>> build(std::size_t vector_size,
                                                    std::span<const IndexedChunk* const> chunks);
  // A chunk that is in two inputs must be removed in all but one.
  static Result<std::unique_ptr<VectorShard>> merge(std::size_t vector_size,
                                                    std::span<const Input> inputs);

  // Two files in `directory`. Neither is synced.
  Status write(const std::filesystem::path& directory) const;
  // Once they are in memory.
  static Status remove_files(const std::filesystem::path& directory);
  static Result<std::unique_ptr<VectorShard>> read(const std::filesystem::path& directory,
                                                   std::size_t vector_size);

  std::size_t vector_size() const { return static_cast<std::size_t>(index_.d); }
  // Sorted.
  const std::vector<ChunkId>& chunks() const { return chunks_; }

  // Empty when the chunk has none here.
  std::span<const float> vector(ChunkId chunk) const;

  struct Search {
    std::span<const float> query;
    const std::vector<ChunkId>* only = nullptr;  // sorted
    std::size_t count_max = 0;
  };
  // Exact. Best first, equal scores by the lower chunk id. `removed` is sorted.
  Result<std::vector<Hit>> search(const std::vector<ChunkId>& removed, const Search& search) const;

 private:
  explicit VectorShard(std::size_t vector_size)
      : index_(static_cast<faiss::Index::idx_t>(vector_size)) {}
  Status add(std::vector<std::pair<ChunkId, const float*>> rows);
  std::vector<bool> excluded(const std::vector<ChunkId>& removed, const Search& search) const;

  faiss::IndexFlatIP index_;
  std::vector<ChunkId> chunks_;  // of each row, sorted
};

}  // namespace wenyuan::index
