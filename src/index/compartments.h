// The search indexes: for each compartment one Xapian shard and one FAISS index, and two more for
// its past: the chunks of superseded versions, which only a search as of a moment looks into.
//
// Derived from the store and never the truth: what is lost or damaged is rebuilt by replaying the
// store's changes in commit order.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "base/era.h"
#include "base/permit.h"
#include "base/result.h"
#include "base/sealed_files.h"

namespace wenyuan::index {

struct Hit {
  ChunkId chunk = 0;
  double score = 0;  // BM25, or the cosine
};

// What a compartment takes in. `vector` may be empty (no embedding model).
struct IndexedChunk {
  ChunkId id = 0;
  std::string title;
  std::string headings;
  std::string text;
  std::vector<float> vector;
};

// The changes of one compartment up to and including `commit`, in commit order.
struct Batch {
  CommitNumber commit = 0;
  std::vector<ChunkId> removed;
  std::vector<IndexedChunk> added;
};

// What makes the vectors. Without a name there are none.
struct VectorModel {
  std::string name;
  std::size_t vector_size = 0;
};

struct SearchScope {
  // Compartments to look into; each must be covered by the permit (forbidden otherwise).
  std::vector<LabelId> labels;
  // When set, only these chunks (sorted) can be hits.
  const std::vector<ChunkId>* only = nullptr;
  // When set, the search is as if the compartments held these chunks (sorted), of their present and
  // of their past, and no others: also to the last bit of a score. `only` is a part of it then.
  const std::vector<ChunkId>* as_if = nullptr;
};

struct CompartmentStatus {
  LabelId label = 0;
  Era era = Era::present;
  CommitNumber applied = 0;  // searches see everything up to here
  CommitNumber sealed = 0;   // on disk, sealed, up to here
  std::size_t chunk_count = 0;
  std::size_t vector_count = 0;
};

// Thread-safe. Searches never wait for writes.
class Compartments {
 public:
  struct Options {
    std::filesystem::path directory;
    std::string store_id;                // files of another store are rebuilt
    const SealedFiles* files = nullptr;  // how generations lie on the disk
    // Where shards lie while they are used: a folder of a file system in memory, because Xapian
    // reads and writes files in the open. Each Compartments has one of its own in it, and removes
    // those of processes that are gone.
    std::filesystem::path memory;
    // For looking at a copy: open() fails when there is a generation that does not load, more than
    // one, or a compartment without any. Nothing is discarded.
    bool strict = false;
    VectorModel model;                          // vectors of another model are rebuilt
    const std::atomic<Epoch>* epoch = nullptr;  // permits of another epoch are refused (conflict)
  };

  // Loads what is sealed and verifies; the rest has applied == 0 and is to be replayed.
  static Result<std::unique_ptr<Compartments>> open(const Options& options);
  ~Compartments();

  VectorModel model() const;
  // For compartments made from now on. Those that there are stay as they are until they are dropped
  // (Indexer::use_model() does that); semantic() finds nothing in them.
  void use_model(const VectorModel& model);

  CommitNumber applied(LabelId label, Era era = Era::present) const;
  std::vector<CompartmentStatus> status() const;

  // Visible to searches when it returns. Batches of one compartment come from one thread at a time,
  // in commit order; one that is not newer than applied() is ignored.
  Status apply(LabelId label, const Batch& batch, Era era = Era::present);
  // Writes a new sealed generation of what is applied; the old one's key is destroyed with it.
  Status seal(LabelId label, Era era = Era::present);
  // For a compartment that no longer exists, or that is to be rebuilt.
  Status drop(LabelId label, Era era = Era::present);

  // Best first; equal scores by the lower chunk id. To the last bit, scores depend on what the
  // scope's compartments hold and on nothing else: not on other compartments, not on how chunks are
  // spread over compartments and files, not on what was there before. A removed chunk counts for
  // nothing as soon as apply() has returned.
  //
  // Any text is a question. Chunks must hold every "quoted phrase" of it, unless no chunk of the
  // scope does: then quotes mean nothing. invalid_argument when empty; semantic() is unavailable
  // without an embedding model.
  Result<std::vector<Hit>> keyword(const Permit& permit, const SearchScope& scope,
                                   std::string_view query, std::size_t count_max) const;
  Result<std::vector<Hit>> semantic(const Permit& permit, const SearchScope& scope,
                                    std::span<const float> query, std::size_t count_max) const;

  // For `wenyuan verify`: the ids in each part, sorted.
  struct Contents {
    std::vector<ChunkId> lexical;
    std::vector<ChunkId> vectors;
  };
  Result<Contents> contents(LabelId label, Era era = Era::present) const;
  // For `wenyuan verify --deep`: the ids of those chunks that are not there word for word and
  // number for number. Takes about half a millisecond a chunk.
  Result<std::vector<ChunkId>> different(LabelId label, std::span<const IndexedChunk> chunks,
                                         Era era = Era::present) const;

 private:
  struct Impl;
  explicit Compartments(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace wenyuan::index
