// One compartment: a sealed generation on disk and the changes since.
//
// The parts of a snapshot never change. A change makes a new list of parts: a small segment with
// what was added, and for each older part the list of what is no longer there, whose statistics are
// subtracted. So every search sees exactly the compartment's contents, to the last bit of a score.
// Segments of similar size are merged at once, so a search looks into few. Sealing merges
// everything into a new generation: it copies the compartment, which at 10,000 chunks of 150 words
// with vectors takes a quarter of a second.
//
// On disk a generation is one sealed file. Shards are used from memory: vectors because FAISS does
// so, Xapian's files in a folder of a file system in memory, into which they are unsealed.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "index/compartments.h"
#include "index/memory_folder.h"
#include "index/segment.h"

namespace wenyuan::index {

struct Snapshot {
  CommitNumber applied = 0;
  CommitNumber sealed = 0;
  // The sealed generation first, when there is one.
  bool has_generation = false;
  std::vector<Part> parts;
};

// What all compartments share. Thread-safe.
struct CompartmentContext {
  explicit CompartmentContext(const Compartments::Options& given) : options(given) {}

  const Compartments::Options options;
  MemoryFolder memory;  // set before there are compartments
  HandleBudget budget{192};
  std::atomic<std::uint64_t> directories_made{0};
  // No number comes twice: the last search in a dropped generation may still be removing it.
  std::atomic<std::uint64_t> generation_last{0};

  // A new path for files in the open.
  std::filesystem::path memory_path();
};

// What its directory is called.
std::string compartment_folder(LabelId label, Era era);

// Thread-safe; apply() and seal() wait for each other, nobody else waits for them.
class Compartment {
 public:
  // `context` must outlive it.
  Compartment(LabelId label, Era era, const VectorModel& model, CompartmentContext& context);

  // At the start only: takes the newest generation that verifies and removes the others. Without
  // one the compartment stays empty. With Options::strict it changes nothing, and fails unless
  // there is exactly one and it loads.
  Status load();

  std::shared_ptr<const Snapshot> snapshot() const;
  Status apply(const Batch& batch);
  Status seal();
  // The files never count again; what is in memory goes with the last search that uses it.
  Status drop();

 private:
  Status load_strictly();
  Result<Part> load_generation(const std::filesystem::path& file, CommitNumber& applied) const;
  Result<std::shared_ptr<const Segment>> build(std::span<const IndexedChunk* const> chunks) const;
  Result<std::shared_ptr<const Segment>> merge(std::span<const Part> parts) const;
  Result<std::unique_ptr<VectorShard>> merge_vectors(std::span<const Part> parts) const;
  Result<std::shared_ptr<const Segment>> write_generation(const Snapshot& now) const;
  Status write_archive_of(const std::filesystem::path& memory, CommitNumber applied) const;
  std::string bound_of(const std::filesystem::path& file) const;
  // Destroys the keys of all generations but this one.
  Status remove_generations_but(const std::filesystem::path& kept) const;
  Status merge_similar(Snapshot& next) const;
  void publish(Snapshot next);

  const LabelId label_;
  const VectorModel model_;
  CompartmentContext& context_;
  const std::filesystem::path directory_;
  std::mutex write_mutex_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_;  // guarded by mutex_
};

}  // namespace wenyuan::index
