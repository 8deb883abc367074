#include "index/vector_shard.h"

#include <faiss/index_io.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <string>

#include "base/file.h"
#include "index/guarded.h"
#include "index/hits.h"
#include "index/inner_product.h"

namespace wenyuan::index {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVectorsFile = "vectors.faiss";
constexpr const char* kChunksFile = "vectors.ids";  // the chunk id of each row, 8 bytes each

}  // namespace

Status VectorShard::add(std::vector<std::pair<ChunkId, const float*>> rows) {
  std::sort(rows.begin(), rows.end());
  const auto size = static_cast<std::size_t>(index_.d);
  std::vector<float> values;
  values.reserve(rows.size() * size);
  chunks_.reserve(rows.size());
  for (const auto& [chunk, row] : rows) {
    chunks_.push_back(chunk);
    values.insert(values.end(), row, row + size);
  }
  // FAISS would grow by doubling, and keep the unused half.
  index_.codes.reserve(values.size() * sizeof(float));
  index_.add(static_cast<faiss::Index::idx_t>(rows.size()), values.data());
  return Done{};
}

Result<std::unique_ptr<VectorShard>> VectorShard::build(
    std::size_t vector_size, std::span<const IndexedChunk* const> chunks) {
  return guarded([&]() -> Result<std::unique_ptr<VectorShard>> {
    std::unique_ptr<VectorShard> shard(new VectorShard(vector_size));
    std::vector<std::pair<ChunkId, const float*>> rows;
    for (const IndexedChunk* chunk : chunks) {
      if (!chunk->vector.empty()) rows.emplace_back(chunk->id, chunk->vector.data());
    }
    WY_RETURN_IF_ERROR(shard->add(std::move(rows)));
    return shard;
  });
}

Result<std::unique_ptr<VectorShard>> VectorShard::merge(std::size_t vector_size,
                                                        std::span<const Input> inputs) {
  return guarded([&]() -> Result<std::unique_ptr<VectorShard>> {
    std::unique_ptr<VectorShard> merged(new VectorShard(vector_size));
    std::vector<std::pair<ChunkId, const float*>> rows;
    for (const auto& [shard, removed] : inputs) {
      const float* row = shard->index_.get_xb();
      for (const ChunkId chunk : shard->chunks_) {
        if (!std::binary_search(removed->begin(), removed->end(), chunk)) {
          rows.emplace_back(chunk, row);
        }
        row += vector_size;
      }
    }
    WY_RETURN_IF_ERROR(merged->add(std::move(rows)));
    return merged;
  });
}

Status VectorShard::write(const fs::path& directory) const {
  return guarded([&]() -> Status {
    faiss::write_index(&index_, (directory / kVectorsFile).c_str());
    const fs::path ids = directory / kChunksFile;
    std::ofstream out(ids, std::ios::binary);
    out.write(reinterpret_cast<const char*>(chunks_.data()),
              static_cast<std::streamsize>(chunks_.size() * sizeof(ChunkId)));
    out.close();
    if (!out) return errno_error("write", ids);
    return Done{};
  });
}

Status VectorShard::remove_files(const fs::path& directory) {
  return guarded([&]() -> Status {
    fs::remove(directory / kVectorsFile);
    fs::remove(directory / kChunksFile);
    return Done{};
  });
}

Result<std::unique_ptr<VectorShard>> VectorShard::read(const fs::path& directory,
                                                       std::size_t vector_size) {
  return guarded([&]() -> Result<std::unique_ptr<VectorShard>> {
    const std::unique_ptr<faiss::Index> read(faiss::read_index((directory / kVectorsFile).c_str()));
    auto* flat = dynamic_cast<faiss::IndexFlatIP*>(read.get());
    WY_TRY(const std::string ids, read_file(directory / kChunksFile));
    if (flat == nullptr || static_cast<std::size_t>(flat->d) != vector_size ||
        ids.size() != static_cast<std::size_t>(flat->ntotal) * sizeof(ChunkId)) {
      return Error{ErrorCode::corrupt, "the vectors are not what was written"};
    }
    std::unique_ptr<VectorShard> shard(new VectorShard(vector_size));
    shard->index_ = std::move(*flat);
    shard->chunks_.resize(ids.size() / sizeof(ChunkId));
    if (!ids.empty()) std::memcpy(shard->chunks_.data(), ids.data(), ids.size());
    return shard;
  });
}

std::span<const float> VectorShard::vector(ChunkId chunk) const {
  const auto found = std::lower_bound(chunks_.begin(), chunks_.end(), chunk);
  if (found == chunks_.end() || *found != chunk) return {};
  const auto row = static_cast<std::size_t>(found - chunks_.begin());
  return {index_.get_xb() + row * vector_size(), vector_size()};
}

std::vector<bool> VectorShard::excluded(const std::vector<ChunkId>& removed,
                                        const Search& search) const {
  if (removed.empty() && search.only == nullptr) return {};
  std::vector<bool> excluded(chunks_.size(), search.only != nullptr);
  const auto set = [&](const std::vector<ChunkId>& chunks, bool value) {
    auto at = chunks_.begin();
    for (const ChunkId chunk : chunks) {
      at = std::lower_bound(at, chunks_.end(), chunk);
      if (at == chunks_.end()) return;
      if (*at == chunk) excluded[static_cast<std::size_t>(at - chunks_.begin())] = value;
    }
  };
  if (search.only) set(*search.only, false);
  set(removed, true);
  return excluded;
}

Result<std::vector<Hit>> VectorShard::search(const std::vector<ChunkId>& removed,
                                             const Search& search) const {
  return guarded([&]() -> Result<std::vector<Hit>> {
    const std::vector<bool> without = excluded(removed, search);
    const InnerProduct product = inner_product();
    const auto size = static_cast<std::size_t>(index_.d);
    const std::size_t count_max = std::min(search.count_max, chunks_.size());
    // A heap with the worst on top. Rows come by rising chunk id, so one that only equals the worst
    // is not better.
    std::vector<Hit> hits;
    hits.reserve(count_max);
    const float* row = index_.get_xb();
    for (std::size_t at = 0; at < chunks_.size() && count_max > 0; ++at, row += size) {
      if (!without.empty() && without[at]) continue;
      const double score = product(search.query.data(), row, size);
      if (hits.size() == count_max) {
        if (score <= hits.front().score) continue;
        std::pop_heap(hits.begin(), hits.end(), better);
        hits.pop_back();
      }
      hits.push_back({chunks_[at], score});
      std::push_heap(hits.begin(), hits.end(), better);
    }
    std::sort_heap(hits.begin(), hits.end(), better);
    return hits;
  });
}

}  // namespace wenyuan::index
