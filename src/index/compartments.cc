#include "index/compartments.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "base/file.h"
#include "index/compartment.h"
#include "index/guarded.h"
#include "index/hits.h"
#include "index/keyword_query.h"

namespace wenyuan::index {
namespace {

namespace fs = std::filesystem;

using Snapshots = std::vector<std::shared_ptr<const Snapshot>>;

Status check(const Compartments::Options& options) {
  if (options.files == nullptr) return Error{ErrorCode::invalid_argument, "no sealed files"};
  if (options.memory.empty()) return Error{ErrorCode::invalid_argument, "no place in memory"};
  if (options.epoch == nullptr) return Error{ErrorCode::invalid_argument, "no epoch"};
  if (options.store_id.empty()) return Error{ErrorCode::invalid_argument, "no store id"};
  return Done{};
}

// Two processes on one directory would remove each other's files.
Result<FileDescriptor> lock_directory(const fs::path& directory) {
  const fs::path path = directory / "lock";
  FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return errno_error("open", path);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error{ErrorCode::unavailable, "another process uses " + directory.string()};
  }
  return fd;
}

using Place = std::pair<LabelId, Era>;

std::optional<Place> place_of(const fs::path& directory) {
  const std::string name = directory.filename().string();
  LabelId label = 0;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), label);
  if (read.ec != std::errc()) return std::nullopt;
  for (const Era era : {Era::present, Era::past}) {
    if (compartment_folder(label, era) == name) return Place{label, era};
  }
  return std::nullopt;
}

Status check_permit(const Permit& permit, const std::atomic<Epoch>& epoch) {
  if (permit.epoch() != epoch.load()) return Error{ErrorCode::conflict, "the permit is stale"};
  return Done{};
}

const std::vector<ChunkId>* possible(const SearchScope& scope) {
  return scope.only != nullptr ? scope.only : scope.as_if;
}

// A chunk whose version is superseded between two looks may be met in the present and in the past.
void drop_repeats(std::vector<Hit>& hits) {
  std::set<ChunkId> seen;
  const auto repeated = [&](const Hit& hit) { return !seen.insert(hit.chunk).second; };
  hits.erase(std::remove_if(hits.begin(), hits.end(), repeated), hits.end());
}

Result<std::vector<Hit>> search_words(const Snapshots& snapshots, const SearchScope& scope,
                                      const KeywordQuery& query, std::size_t count_max) {
  CorpusStatistics statistics;
  for (const auto& snapshot : snapshots) {
    for (const Part& part : snapshot->parts) {
      WY_RETURN_IF_ERROR(
          part.segment->lexical->add_statistics(*part.removed, query, scope.as_if, statistics));
    }
  }
  const std::vector<WeightedTerm> terms = weigh_terms(query, statistics);
  std::vector<Hit> hits;
  if (terms.empty()) return hits;
  const double average_length =
      static_cast<double>(statistics.length_sum) / static_cast<double>(statistics.chunk_count);
  const LexicalShard::Search search{terms, &query.phrases, average_length, possible(scope),
                                    count_max};
  for (const auto& snapshot : snapshots) {
    for (const Part& part : snapshot->parts) {
      WY_TRY(const auto found, part.segment->lexical->search(*part.removed, search));
      hits.insert(hits.end(), found.begin(), found.end());
    }
  }
  keep_best(hits, count_max);
  drop_repeats(hits);
  return hits;
}

Result<std::vector<Hit>> search_vectors(const Snapshots& snapshots, const SearchScope& scope,
                                        std::span<const float> query, std::size_t count_max) {
  std::vector<Hit> hits;
  for (const auto& snapshot : snapshots) {
    for (const Part& part : snapshot->parts) {
      // One that was made for no model, or for the one before.
      if (!part.segment->vectors || part.segment->vectors->vector_size() != query.size()) continue;
      WY_TRY(const auto found, part.segment->vectors->search(part.removed->chunks,
                                                             {query, possible(scope), count_max}));
      hits.insert(hits.end(), found.begin(), found.end());
    }
  }
  keep_best(hits, count_max);
  drop_repeats(hits);
  return hits;
}

void append_rest(const std::vector<ChunkId>& chunks, const std::vector<ChunkId>& removed,
                 std::vector<ChunkId>& out) {
  std::set_difference(chunks.begin(), chunks.end(), removed.begin(), removed.end(),
                      std::back_inserter(out));
}

Compartments::Contents contents_of(const Snapshot& snapshot) {
  Compartments::Contents contents;
  for (const Part& part : snapshot.parts) {
    append_rest(part.segment->lexical->chunks(), part.removed->chunks, contents.lexical);
    if (part.segment->vectors) {
      append_rest(part.segment->vectors->chunks(), part.removed->chunks, contents.vectors);
    }
  }
  std::sort(contents.lexical.begin(), contents.lexical.end());
  std::sort(contents.vectors.begin(), contents.vectors.end());
  return contents;
}

bool has(const Part& part, ChunkId chunk) {
  const std::vector<ChunkId>& gone = part.removed->chunks;
  return part.segment->lexical->has(chunk) && !std::binary_search(gone.begin(), gone.end(), chunk);
}

// Of those that the part has.
Status compare_part(const Part& part, std::span<const IndexedChunk* const> chunks,
                    std::vector<ChunkId>& different) {
  WY_TRY(const std::vector<ChunkId> words, part.segment->lexical->different(chunks));
  different.insert(different.end(), words.begin(), words.end());
  if (!part.segment->vectors) return Done{};
  for (const IndexedChunk* chunk : chunks) {
    const std::span<const float> vector = part.segment->vectors->vector(chunk->id);
    if (!std::equal(vector.begin(), vector.end(), chunk->vector.begin(), chunk->vector.end())) {
      different.push_back(chunk->id);
    }
  }
  return Done{};
}

}  // namespace

struct Compartments::Impl {
  explicit Impl(const Options& options) : context(options), model(options.model) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Status load();
  std::shared_ptr<Compartment> find(LabelId label, Era era) const;
  Result<Snapshots> permitted(const Permit& permit, const SearchScope& scope) const;

  FileDescriptor lock;
  CompartmentContext context;
  mutable std::mutex mutex;
  VectorModel model;                                           // guarded by mutex
  std::map<Place, std::shared_ptr<Compartment>> compartments;  // guarded by mutex
};

Status Compartments::Impl::load() {
  return guarded([&]() -> Status {
    const fs::path& directory = context.options.directory;
    fs::create_directories(directory);
    fs::permissions(directory, fs::perms::owner_all);
    WY_TRY(lock, lock_directory(directory));
    WY_TRY(context.memory, MemoryFolder::make(context.options.memory));
    std::vector<fs::path> entries;
    for (const auto& entry : fs::directory_iterator(directory)) entries.push_back(entry.path());
    for (const fs::path& entry : entries) {
      const std::optional<Place> place = place_of(entry);
      if (!place) continue;
      auto compartment = std::make_shared<Compartment>(place->first, place->second, model, context);
      WY_RETURN_IF_ERROR(compartment->load());
      if (compartment->snapshot()->has_generation) {
        compartments.emplace(*place, std::move(compartment));
      } else {
        std::error_code not_empty;  // a generation whose key could not be destroyed yet
        fs::remove(entry, not_empty);
      }
    }
    return Done{};
  });
}

std::shared_ptr<Compartment> Compartments::Impl::find(LabelId label, Era era) const {
  const std::lock_guard guard(mutex);
  const auto found = compartments.find({label, era});
  return found == compartments.end() ? nullptr : found->second;
}

// In order of the labels, so that nothing depends on how the scope was written down.
Result<Snapshots> Compartments::Impl::permitted(const Permit& permit,
                                                const SearchScope& scope) const {
  WY_RETURN_IF_ERROR(check_permit(permit, *context.options.epoch));
  if (permit.action() != Action::read) {
    return Error{ErrorCode::forbidden, "the permit is not for reading"};
  }
  std::vector<LabelId> labels = scope.labels;
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  Snapshots snapshots;
  for (const LabelId label : labels) {
    if (!permit.covers(label)) {
      return Error{ErrorCode::forbidden, "the permit does not cover a compartment"};
    }
    for (const Era era : {Era::present, Era::past}) {
      if (era == Era::past && scope.as_if == nullptr) continue;
      if (const auto compartment = find(label, era)) snapshots.push_back(compartment->snapshot());
    }
  }
  return snapshots;
}

Compartments::Compartments(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Compartments::~Compartments() = default;

Result<std::unique_ptr<Compartments>> Compartments::open(const Options& options) {
  WY_RETURN_IF_ERROR(check(options));
  auto impl = std::make_unique<Impl>(options);
  WY_RETURN_IF_ERROR(impl->load());
  return std::unique_ptr<Compartments>(new Compartments(std::move(impl)));
}

VectorModel Compartments::model() const {
  const std::lock_guard guard(impl_->mutex);
  return impl_->model;
}

void Compartments::use_model(const VectorModel& model) {
  const std::lock_guard guard(impl_->mutex);
  impl_->model = model;
}

CommitNumber Compartments::applied(LabelId label, Era era) const {
  const auto compartment = impl_->find(label, era);
  return compartment ? compartment->snapshot()->applied : 0;
}

std::vector<CompartmentStatus> Compartments::status() const {
  std::vector<std::pair<Place, std::shared_ptr<const Snapshot>>> snapshots;
  {
    const std::lock_guard guard(impl_->mutex);
    for (const auto& [place, compartment] : impl_->compartments) {
      snapshots.emplace_back(place, compartment->snapshot());
    }
  }
  std::vector<CompartmentStatus> out;
  for (const auto& [place, snapshot] : snapshots) {
    const Contents contents = contents_of(*snapshot);
    out.push_back({place.first, place.second, snapshot->applied, snapshot->sealed,
                   contents.lexical.size(), contents.vectors.size()});
  }
  return out;
}

Status Compartments::apply(LabelId label, const Batch& batch, Era era) {
  std::shared_ptr<Compartment> compartment;
  {
    const std::lock_guard guard(impl_->mutex);
    std::shared_ptr<Compartment>& slot = impl_->compartments[{label, era}];
    if (!slot) slot = std::make_shared<Compartment>(label, era, impl_->model, impl_->context);
    compartment = slot;
  }
  Status applied = compartment->apply(batch);
  if (!applied) return within("compartment " + std::to_string(label), applied.error());
  return applied;
}

Status Compartments::seal(LabelId label, Era era) {
  const auto compartment = impl_->find(label, era);
  if (!compartment) return Done{};
  Status sealed = compartment->seal();
  if (!sealed) return within("compartment " + std::to_string(label), sealed.error());
  return sealed;
}

Status Compartments::drop(LabelId label, Era era) {
  const auto compartment = impl_->find(label, era);
  if (!compartment) return Done{};
  WY_RETURN_IF_ERROR(compartment->drop());
  const std::lock_guard guard(impl_->mutex);
  impl_->compartments.erase({label, era});
  return Done{};
}

Result<std::vector<Hit>> Compartments::keyword(const Permit& permit, const SearchScope& scope,
                                               std::string_view query,
                                               std::size_t count_max) const {
  WY_TRY(const Snapshots snapshots, impl_->permitted(permit, scope));
  WY_TRY(KeywordQuery parsed, parse_keyword_query(query));
  if (count_max == 0) return std::vector<Hit>();
  WY_TRY(std::vector<Hit> hits, search_words(snapshots, scope, parsed, count_max));
  if (hits.empty() && !parsed.phrases.empty()) {
    parsed.phrases.clear();
    WY_TRY(hits, search_words(snapshots, scope, parsed, count_max));
  }
  WY_RETURN_IF_ERROR(check_permit(permit, *impl_->context.options.epoch));
  return hits;
}

Result<std::vector<Hit>> Compartments::semantic(const Permit& permit, const SearchScope& scope,
                                                std::span<const float> query,
                                                std::size_t count_max) const {
  const std::size_t vector_size = model().vector_size;
  WY_TRY(const Snapshots snapshots, impl_->permitted(permit, scope));
  if (vector_size == 0) {
    return Error{ErrorCode::unavailable, "there is no embedding model"};
  }
  if (query.size() != vector_size ||
      !std::all_of(query.begin(), query.end(), [](float value) { return std::isfinite(value); })) {
    return Error{ErrorCode::invalid_argument, "the query's vector is not one of this model"};
  }
  if (count_max == 0) return std::vector<Hit>();
  WY_TRY(std::vector<Hit> hits, search_vectors(snapshots, scope, query, count_max));
  WY_RETURN_IF_ERROR(check_permit(permit, *impl_->context.options.epoch));
  return hits;
}

Result<Compartments::Contents> Compartments::contents(LabelId label, Era era) const {
  const auto compartment = impl_->find(label, era);
  if (!compartment) return Contents{};
  return contents_of(*compartment->snapshot());
}

Result<std::vector<ChunkId>> Compartments::different(LabelId label,
                                                     std::span<const IndexedChunk> chunks,
                                                     Era era) const {
  std::vector<ChunkId> found;
  const auto compartment = impl_->find(label, era);
  const auto snapshot = compartment ? compartment->snapshot() : std::make_shared<const Snapshot>();
  std::size_t met = 0;
  for (const Part& part : snapshot->parts) {
    std::vector<const IndexedChunk*> here;
    for (const IndexedChunk& chunk : chunks) {
      if (has(part, chunk.id)) here.push_back(&chunk);
    }
    met += here.size();
    WY_RETURN_IF_ERROR(compare_part(part, here, found));
  }
  if (met != chunks.size()) {
    return Error{ErrorCode::corrupt, "the index does not have the chunks that it should"};
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace wenyuan::index
