// One compartment: a sealed generation on disk and the changes since.
//
// The parts of a snapshot never change. A change makes a new list of parts: a small segment with
// what was added, and for each older part the list of what is no longer there. Segments of similar
// size are merged at once, so a search looks into few. Sealing merges everything into a new
// generation; it copies the compartment once (figures in docs/formats/index.md).
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "index/compartments.h"
#include "index/seal.h"
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
  HandleBudget budget{192};
  std::atomic<std::uint64_t> directories_made{0};

  // A new path for files that are not sealed; the next start removes them.
  std::filesystem::path unsealed_path();
};

constexpr const char* kUnsealedFolder = "unsealed";

// Thread-safe; apply() and seal() wait for each other, nobody else waits for them.
class Compartment {
 public:
  // `context` must outlive it. Loads the newest generation that verifies and removes the others;
  // without one the compartment is empty.
  static std::unique_ptr<Compartment> open(LabelId label, CompartmentContext& context);

  std::shared_ptr<const Snapshot> snapshot() const;
  Status apply(const Batch& batch);
  Status seal();
  // The files never count again, and go with the last search that uses them.
  Status drop();

 private:
  Compartment(LabelId label, CompartmentContext& context);

  void load();
  Result<Part> load_generation(const std::filesystem::path& directory, Seal& seal) const;
  Result<std::shared_ptr<const Segment>> build(std::span<const IndexedChunk* const> chunks) const;
  Result<std::shared_ptr<const Segment>> merge(std::span<const Part> parts) const;
  Result<std::unique_ptr<VectorShard>> merge_vectors(std::span<const Part> parts) const;
  Result<std::shared_ptr<const Segment>> write_generation(const Snapshot& now) const;
  Result<std::filesystem::path> move_into_place(const std::filesystem::path& unsealed) const;
  Status merge_similar(Snapshot& next) const;
  void publish(Snapshot next);

  const LabelId label_;
  CompartmentContext& context_;
  const std::filesystem::path directory_;
  std::mutex write_mutex_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_;  // guarded by mutex_
};

}  // namespace wenyuan::index
