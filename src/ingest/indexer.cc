#include "ingest/indexer.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "store/content_store.h"

namespace wenyuan::ingest {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kBatchChunkCount = 500;  // about so many a batch; a commit is never parted
constexpr std::size_t kChangeCountMax = 256;   // entries of the log read at once
constexpr std::size_t kSealChunkCount = 2000;  // changed chunks after which a seal is due
constexpr std::chrono::seconds kSealAge{30};   // after the last change
constexpr std::size_t kVerifyPage = 2000;
constexpr std::size_t kDeepPage = 500;
constexpr int kVerifyRoundMax = 20;

// A compartment's present or its past; each has an index of its own.
using Place = std::pair<LabelId, Era>;

std::string joined_headings(const Location& location) {
  std::string text;
  for (const std::string& heading : location.heading_path) {
    if (!text.empty()) text += '\n';
    text += heading;
  }
  return text;
}

std::size_t chunk_count(const store::Change& change) {
  if (change.first_chunk <= 0 || change.last_chunk < change.first_chunk) return 0;
  return static_cast<std::size_t>(change.last_chunk - change.first_chunk + 1);
}

// As many whole commits from the front as make a batch of the wanted size; at least one.
std::size_t batch_end(const std::vector<store::Change>& changes) {
  std::size_t chunks = 0;
  for (std::size_t at = 0; at < changes.size(); ++at) {
    const bool commit_begins = at > 0 && changes[at].commit != changes[at - 1].commit;
    if (commit_begins && chunks + chunk_count(changes[at]) > kBatchChunkCount) return at;
    chunks += chunk_count(changes[at]);
  }
  return changes.size();
}

std::string difference(std::string_view what, const std::vector<ChunkId>& wanted,
                       const std::vector<ChunkId>& found) {
  std::vector<ChunkId> missing;
  std::vector<ChunkId> extra;
  std::set_difference(wanted.begin(), wanted.end(), found.begin(), found.end(),
                      std::back_inserter(missing));
  std::set_difference(found.begin(), found.end(), wanted.begin(), wanted.end(),
                      std::back_inserter(extra));
  std::string text;
  const auto add = [&](const std::vector<ChunkId>& ids, std::string_view verb) {
    if (ids.empty()) return;
    if (!text.empty()) text += "; ";
    text += std::string(what) + " " + std::string(verb) + " " + std::to_string(ids.size()) +
            " chunks, the first is " + std::to_string(ids.front());
  };
  add(missing, "lacks");
  add(extra, "has too much:");
  return text;
}

}  // namespace

struct Indexer::Impl {
  // One compartment's writer. Held while changes are read and applied, so that two callers never
  // apply the same ones.
  struct Slot {
    std::mutex mutex;
    std::size_t changed = 0;                // chunks since the last seal; guarded by mutex
    bool removed = false;                   // guarded by mutex
    SteadyClock::time_point last_change{};  // guarded by mutex
  };

  store::Database& database;
  index::Compartments& compartments;
  std::mutex mutex;
  std::map<Place, std::shared_ptr<Slot>> slots;  // guarded by mutex

  std::shared_ptr<Slot> slot(const Place& place) {
    const std::lock_guard lock(mutex);
    std::shared_ptr<Slot>& found = slots[place];
    if (!found) found = std::make_shared<Slot>();
    return found;
  }

  Result<CommitNumber> last_change(const Place& place) {
    return database.read([&](store::Snapshot& snapshot) {
      return store::last_change(snapshot, place.first, place.second);
    });
  }
  CommitNumber applied(const Place& place) const {
    return compartments.applied(place.first, place.second);
  }

  static index::IndexedChunk to_indexed(Chunk chunk, std::size_t vector_size);
  Result<index::Batch> next_batch(const Place& place, CommitNumber after);
  Status catch_up(const Place& place);
  Status catch_up_locked(const Place& place, Slot& slot);
  Status make_anew(const Place& place, Slot& slot);
  Status seal_if_due(const Place& place, bool all);
  Result<std::set<Place>> all_places();
  struct StoredIds {
    CommitNumber last_change = 0;
    std::vector<ChunkId> chunks;
    std::vector<ChunkId> with_vector;
  };
  Result<StoredIds> stored_ids(const Place& place);
  Result<std::string> compare(const Place& place, bool deep);
  Result<std::string> compare_content(const Place& place);
};

index::IndexedChunk Indexer::Impl::to_indexed(Chunk chunk, std::size_t vector_size) {
  index::IndexedChunk indexed;
  indexed.id = chunk.id;
  indexed.title = std::move(chunk.title);
  indexed.headings = joined_headings(chunk.location);
  indexed.text = std::move(chunk.text);
  if (chunk.vector.size() == vector_size) indexed.vector = std::move(chunk.vector);
  return indexed;
}

// Log and chunks in one snapshot: what is added here was there when the log said so, or is now. A
// batch with commit 0 means that there is nothing to do.
Result<index::Batch> Indexer::Impl::next_batch(const Place& place, CommitNumber after) {
  const index::VectorModel model = compartments.model();
  return database.read([&](store::Snapshot& snapshot) -> Result<index::Batch> {
    WY_TRY(std::vector<store::Change> changes,
           store::changes(snapshot, place.first, after, kChangeCountMax, place.second));
    changes.resize(batch_end(changes));
    index::Batch batch;
    std::set<ChunkId> added;
    for (const store::Change& change : changes) {
      batch.commit = change.commit;
      if (chunk_count(change) == 0) continue;
      if (!change.added) {
        for (ChunkId id = change.first_chunk; id <= change.last_chunk; ++id) {
          batch.removed.push_back(id);
        }
        continue;
      }
      WY_TRY(std::vector<Chunk> chunks,
             store::chunks_for_index(snapshot, place.first,
                                     {change.first_chunk, change.last_chunk, chunk_count(change)},
                                     model.name, place.second));
      for (Chunk& chunk : chunks) {
        if (!added.insert(chunk.id).second) continue;
        batch.added.push_back(to_indexed(std::move(chunk), model.vector_size));
      }
    }
    return batch;
  });
}

Status Indexer::Impl::catch_up(const Place& place) {
  const std::shared_ptr<Slot> own = slot(place);
  const std::lock_guard lock(own->mutex);
  return catch_up_locked(place, *own);
}

Status Indexer::Impl::make_anew(const Place& place, Slot& slot) {
  WY_RETURN_IF_ERROR(compartments.drop(place.first, place.second));
  return catch_up_locked(place, slot);
}

Status Indexer::Impl::catch_up_locked(const Place& place, Slot& slot) {
  WY_TRY(const CommitNumber last, last_change(place));
  // A label without changes is gone; an index that is ahead belongs to a store that was put back.
  if (applied(place) > last) {
    WY_RETURN_IF_ERROR(compartments.drop(place.first, place.second));
    slot.changed = 0;
  }
  while (applied(place) < last) {
    WY_TRY(index::Batch batch, next_batch(place, applied(place)));
    if (batch.commit == 0) batch.commit = last;
    slot.changed += batch.removed.size() + batch.added.size();
    slot.removed = slot.removed || !batch.removed.empty();
    slot.last_change = SteadyClock::now();
    WY_RETURN_IF_ERROR(compartments.apply(place.first, batch, place.second));
  }
  return Done{};
}

Status Indexer::Impl::seal_if_due(const Place& place, bool all) {
  const std::shared_ptr<Slot> own = slot(place);
  const std::lock_guard lock(own->mutex);
  if (own->changed == 0) return Done{};
  // What was removed should not stay on the disk for long.
  const bool due = all || own->removed || own->changed > kSealChunkCount ||
                   SteadyClock::now() - own->last_change > kSealAge;
  if (!due) return Done{};
  WY_RETURN_IF_ERROR(compartments.seal(place.first, place.second));
  own->changed = 0;
  own->removed = false;
  return Done{};
}

// Those of the store and those of the indexes.
Result<std::set<Place>> Indexer::Impl::all_places() {
  WY_TRY(const std::vector<Label> stored,
         database.read([](store::Snapshot& snapshot) { return store::labels(snapshot); }));
  std::set<Place> all;
  for (const Label& label : stored) all.insert({{label.id, Era::present}, {label.id, Era::past}});
  for (const index::CompartmentStatus& status : compartments.status()) {
    all.emplace(status.label, status.era);
  }
  return all;
}

Result<Indexer::Impl::StoredIds> Indexer::Impl::stored_ids(const Place& place) {
  const index::VectorModel model = compartments.model();
  return database.read([&](store::Snapshot& snapshot) -> Result<StoredIds> {
    StoredIds ids;
    WY_TRY(ids.last_change, store::last_change(snapshot, place.first, place.second));
    ChunkId next = 0;
    for (;;) {
      WY_TRY(const std::vector<Chunk> page,
             store::chunks_for_index(snapshot, place.first,
                                     {next, std::numeric_limits<ChunkId>::max(), kVerifyPage},
                                     model.name, place.second));
      for (const Chunk& chunk : page) {
        ids.chunks.push_back(chunk.id);
        if (!chunk.vector.empty() && chunk.vector.size() == model.vector_size) {
          ids.with_vector.push_back(chunk.id);
        }
      }
      if (page.size() < kVerifyPage) return ids;
      next = page.back().id + 1;
    }
  });
}

// While the compartment's writer is held, and the store's view is that of the index.
Result<std::string> Indexer::Impl::compare_content(const Place& place) {
  const index::VectorModel model = compartments.model();
  return database.read([&](store::Snapshot& snapshot) -> Result<std::string> {
    WY_TRY(const CommitNumber last, store::last_change(snapshot, place.first, place.second));
    if (last != applied(place)) {
      return Error{ErrorCode::unavailable, "the compartment is being changed"};
    }
    std::vector<ChunkId> wrong;
    for (ChunkId next = 0;;) {
      WY_TRY(std::vector<Chunk> page,
             store::chunks_for_index(snapshot, place.first,
                                     {next, std::numeric_limits<ChunkId>::max(), kDeepPage},
                                     model.name, place.second));
      std::vector<index::IndexedChunk> chunks;
      for (Chunk& chunk : page) chunks.push_back(to_indexed(std::move(chunk), model.vector_size));
      WY_TRY(const std::vector<ChunkId> found,
             compartments.different(place.first, chunks, place.second));
      wrong.insert(wrong.end(), found.begin(), found.end());
      if (chunks.size() < kDeepPage) break;
      next = chunks.back().id + 1;
    }
    if (wrong.empty()) return std::string();
    return std::to_string(wrong.size()) +
           " chunks are indexed with other words or numbers than "
           "the store has, the first is " +
           std::to_string(wrong.front());
  });
}

// Empty when they agree.
Result<std::string> Indexer::Impl::compare(const Place& place, bool deep) {
  const std::shared_ptr<Slot> own = slot(place);
  const std::lock_guard lock(own->mutex);
  for (int round = 0; round < kVerifyRoundMax; ++round) {
    WY_RETURN_IF_ERROR(catch_up_locked(place, *own));
    WY_TRY(const StoredIds stored, stored_ids(place));
    // Somebody wrote in between.
    if (stored.last_change != applied(place)) continue;
    WY_TRY(const index::Compartments::Contents contents,
           compartments.contents(place.first, place.second));
    std::string text = difference("the keyword index", stored.chunks, contents.lexical);
    const std::string vectors =
        difference("the vector index", stored.with_vector, contents.vectors);
    if (!text.empty() && !vectors.empty()) text += "; ";
    text += vectors;
    if (!text.empty() || !deep) return text;
    auto content = compare_content(place);
    if (!content && content.error().code == ErrorCode::unavailable) continue;
    return content;
  }
  return Error{ErrorCode::unavailable, "the compartment changes too fast to be compared"};
}

Indexer::Indexer(store::Database& database, index::Compartments& compartments)
    : impl_(new Impl{database, compartments, {}, {}}) {}
Indexer::~Indexer() = default;

index::VectorModel Indexer::model() const { return impl_->compartments.model(); }

Status Indexer::use_model(const index::VectorModel& model, std::stop_token stop) {
  impl_->compartments.use_model(model);
  // A label that is made after this has a compartment of the new model from the beginning.
  WY_TRY(const std::set<Place> places, impl_->all_places());
  for (const Place& place : places) {
    if (stop.stop_requested()) return Error{ErrorCode::cancelled, "stopped"};
    const std::shared_ptr<Impl::Slot> own = impl_->slot(place);
    const std::lock_guard lock(own->mutex);
    WY_RETURN_IF_ERROR(impl_->make_anew(place, *own));
  }
  return Done{};
}

Status Indexer::catch_up(std::span<const LabelId> labels, Era era) {
  WY_TRY(const std::vector<CommitNumber> last,
         impl_->database.read([&](store::Snapshot& snapshot) -> Result<std::vector<CommitNumber>> {
           std::vector<CommitNumber> numbers;
           for (const LabelId label : labels) {
             WY_TRY(const CommitNumber number, store::last_change(snapshot, label, era));
             numbers.push_back(number);
           }
           return numbers;
         }));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const CommitNumber applied = impl_->applied({labels[i], era});
    // A compartment may be ahead by now, but one whose label is gone must go as well.
    if (applied >= last[i] && (last[i] != 0 || applied == 0)) continue;
    WY_RETURN_IF_ERROR(impl_->catch_up({labels[i], era}));
  }
  return Done{};
}

Status Indexer::catch_up_all(std::stop_token stop) {
  WY_TRY(const std::set<Place> places, impl_->all_places());
  for (const Place& place : places) {
    if (stop.stop_requested()) return Error{ErrorCode::cancelled, "stopped"};
    WY_RETURN_IF_ERROR(impl_->catch_up(place));
  }
  return Done{};
}

Status Indexer::seal_changed(bool all) {
  std::vector<Place> places;
  {
    const std::lock_guard lock(impl_->mutex);
    for (const auto& [place, slot] : impl_->slots) places.push_back(place);
  }
  for (const Place& place : places) WY_RETURN_IF_ERROR(impl_->seal_if_due(place, all));
  return Done{};
}

Status Indexer::rebuild(LabelId label, Era era) {
  const std::shared_ptr<Impl::Slot> own = impl_->slot({label, era});
  const std::lock_guard lock(own->mutex);
  WY_RETURN_IF_ERROR(impl_->make_anew({label, era}, *own));
  WY_RETURN_IF_ERROR(impl_->compartments.seal(label, era));
  own->changed = 0;
  own->removed = false;
  return Done{};
}

Result<std::vector<Indexer::Mismatch>> Indexer::verify(bool deep) {
  WY_TRY(const std::set<Place> places, impl_->all_places());
  std::vector<Mismatch> mismatches;
  for (const Place& place : places) {
    WY_TRY(std::string what, impl_->compare(place, deep));
    if (!what.empty()) mismatches.push_back({place.first, place.second, std::move(what)});
  }
  return mismatches;
}

std::string Indexer::Mismatch::where() const {
  const char* const which = era == Era::past ? "the past of compartment " : "compartment ";
  return which + std::to_string(label);
}

}  // namespace wenyuan::ingest
