// An immutable Xapian database with some chunks of one compartment.
#pragma once

#include <xapian.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "index/compartments.h"
#include "index/keyword_query.h"

namespace wenyuan::index {

// The chunks of one shard that are no longer there, with what they would add to the statistics.
// They are left out of hits and out of every count, so that nothing tells that they are still on
// disk.
struct RemovedChunks {
  std::vector<ChunkId> chunks;        // sorted
  std::vector<Xapian::docid> docids;  // sorted
  std::uint64_t length_sum = 0;
  std::unordered_map<std::string, std::uint32_t> chunks_with;
};

// How many idle database handles all shards together may keep; each holds some file descriptors.
// Thread-safe.
class HandleBudget {
 public:
  explicit HandleBudget(std::int64_t handles) : left_(handles) {}
  bool take() {
    if (left_.fetch_sub(1, std::memory_order_relaxed) > 0) return true;
    give_back();
    return false;
  }
  void give_back() { left_.fetch_add(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> left_;
};

// Thread-safe. Nothing changes the directory once it is here, so the handles that searches read by
// never go stale.
class LexicalShard {
 public:
  struct Input {
    const LexicalShard* shard;
    const RemovedChunks* removed;
  };

  // Both write a new directory and do not sync it.
  static Status build(const std::filesystem::path& directory,
                      std::span<const IndexedChunk* const> chunks);
  static Status merge(const std::filesystem::path& directory, std::span<const Input> inputs);

  // `budget` must outlive the shard.
  static Result<std::unique_ptr<LexicalShard>> open(const std::filesystem::path& directory,
                                                    HandleBudget& budget);
  ~LexicalShard();

  // Sorted.
  const std::vector<ChunkId>& chunks() const { return chunks_; }
  bool has(ChunkId chunk) const;
  // `before` and these chunks, which must be in the shard.
  Result<RemovedChunks> remove(const RemovedChunks& before, std::span<const ChunkId> chunks) const;

  // The ids of those chunks, all in the shard, whose entry is not what build() makes of them. Slow:
  // it analyses the texts anew.
  Result<std::vector<ChunkId>> different(std::span<const IndexedChunk* const> chunks) const;

  // `as_if` (sorted; may be null): as if there were no others.
  Status add_statistics(const RemovedChunks& removed, const KeywordQuery& query,
                        const std::vector<ChunkId>* as_if, CorpusStatistics& statistics) const;

  struct Search {
    std::span<const WeightedTerm> terms;                             // not empty
    const std::vector<std::vector<std::string>>* phrases = nullptr;  // all must be there
    double average_length = 0;
    const std::vector<ChunkId>* only = nullptr;
    std::size_t count_max = 0;
  };
  // Best first, equal scores by the lower chunk id.
  Result<std::vector<Hit>> search(const RemovedChunks& removed, const Search& search) const;

 private:
  class Lease;
  using Numbered = std::pair<Xapian::docid, ChunkId>;

  LexicalShard(std::filesystem::path directory, HandleBudget& budget)
      : directory_(std::move(directory)), budget_(budget) {}
  Status load();
  static Status delete_removed(const std::filesystem::path& directory,
                               std::span<const Input> inputs);
  Xapian::docid docid_of(ChunkId chunk) const;
  // Those of these chunks (sorted) that are here and not removed; sorted.
  std::vector<Xapian::docid> docids_of(const std::vector<ChunkId>& chunks,
                                       const RemovedChunks& removed) const;
  Status add_statistics_of(const std::vector<Xapian::docid>& docids, const KeywordQuery& query,
                           CorpusStatistics& statistics) const;
  ChunkId chunk_of(Xapian::docid docid) const;
  std::vector<Hit> best(const Xapian::Query& query, const Search& search) const;

  const std::filesystem::path directory_;
  HandleBudget& budget_;
  std::vector<ChunkId> chunks_;        // sorted
  std::vector<Xapian::docid> docids_;  // of chunks_, in their order
  std::vector<Numbered> by_docid_;     // sorted
  std::uint64_t length_sum_ = 0;

  // A Xapian handle is for one thread at a time; opening one costs tens of microseconds.
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Xapian::Database>> idle_;  // guarded by mutex_
};

}  // namespace wenyuan::index
