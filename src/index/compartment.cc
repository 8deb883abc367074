#include "index/compartment.h"

#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/log.h"
#include "index/archive.h"
#include "index/guarded.h"

namespace wenyuan::index {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kGenerationPrefix = "gen-";
constexpr const char* kUnfinished = "unfinished";
constexpr std::size_t kFieldSizeMax = std::size_t{16} << 20;  // bytes
// So many segments of one size class become one. More makes searches slower; fewer makes more
// merges, and each costs several syncs, which Xapian's compaction does not leave out.
constexpr std::size_t kSimilarMax = 8;

// Up to 7 chunks, up to 63, up to 511, …
int size_class(const Part& part) {
  return static_cast<int>(std::bit_width(part.chunk_count())) / 3;
}

std::optional<std::uint64_t> generation_number(const fs::path& directory) {
  const std::string name = directory.filename().string();
  if (!name.starts_with(kGenerationPrefix)) return std::nullopt;
  std::uint64_t number = 0;
  const char* const end = name.data() + name.size();
  const auto read = std::from_chars(name.data() + kGenerationPrefix.size(), end, number);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return number;
}

// Newest first.
std::vector<fs::path> generations_in(const fs::path& directory) {
  std::vector<std::pair<std::uint64_t, fs::path>> found;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    if (const auto number = generation_number(at->path())) found.emplace_back(*number, at->path());
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<fs::path> paths;
  for (auto& [number, path] : found) paths.push_back(std::move(path));
  return paths;
}

// Its key too. What cannot be removed now is tried again with the next seal.
void remove_quietly(const SealedFiles& files, const fs::path& path, std::string_view bound) {
  const Status removed = files.destroy(path, bound);
  if (removed) return;
  log::warn("index_generation_not_removed",
            {{"file", path.string()}, {"why", removed.error().message}});
}

Status check(const Batch& batch, std::size_t vector_size) {
  for (const IndexedChunk& chunk : batch.added) {
    const std::string name = "chunk " + std::to_string(chunk.id);
    if (chunk.id <= 0) return Error{ErrorCode::invalid_argument, name + ": not an id"};
    if (std::max({chunk.title.size(), chunk.headings.size(), chunk.text.size()}) > kFieldSizeMax) {
      return Error{ErrorCode::too_large, name + ": more than 16 MiB of text"};
    }
    if (vector_size == 0 || chunk.vector.empty()) continue;
    if (chunk.vector.size() != vector_size) {
      return Error{ErrorCode::invalid_argument, name + ": a vector of " +
                                                    std::to_string(chunk.vector.size()) +
                                                    " numbers, not " + std::to_string(vector_size)};
    }
    if (!std::all_of(chunk.vector.begin(), chunk.vector.end(),
                     [](float value) { return std::isfinite(value); })) {
      return Error{ErrorCode::invalid_argument, name + ": its vector has a number without value"};
    }
  }
  return Done{};
}

// The last of those with the same id, sorted by id.
std::vector<const IndexedChunk*> without_repeats(const std::vector<IndexedChunk>& chunks) {
  std::vector<const IndexedChunk*> kept;
  for (const IndexedChunk& chunk : chunks) kept.push_back(&chunk);
  const auto by_id = [](const auto* a, const auto* b) { return a->id < b->id; };
  std::stable_sort(kept.begin(), kept.end(), by_id);
  const auto repeats = std::unique(kept.rbegin(), kept.rend(),
                                   [](const auto* a, const auto* b) { return a->id == b->id; });
  kept.erase(kept.begin(), repeats.base());
  return kept;
}

// `chunks` leave the parts that have them.
Status remove_from(std::vector<Part>& parts, const std::set<ChunkId>& chunks) {
  for (Part& part : parts) {
    std::vector<ChunkId> leaving;
    for (const ChunkId chunk : chunks) {
      const std::vector<ChunkId>& gone = part.removed->chunks;
      if (part.segment->lexical->has(chunk) &&
          !std::binary_search(gone.begin(), gone.end(), chunk)) {
        leaving.push_back(chunk);
      }
    }
    if (leaving.empty()) continue;
    WY_TRY(RemovedChunks removed, part.segment->lexical->remove(*part.removed, leaving));
    part.removed = std::make_shared<const RemovedChunks>(std::move(removed));
  }
  return Done{};
}

Part part_of(std::shared_ptr<const Segment> segment) {
  return {std::move(segment), std::make_shared<const RemovedChunks>()};
}

std::vector<LexicalShard::Input> lexical_inputs(std::span<const Part> parts) {
  std::vector<LexicalShard::Input> inputs;
  for (const Part& part : parts) {
    inputs.push_back({part.segment->lexical.get(), part.removed.get()});
  }
  return inputs;
}

Status make_directory(const fs::path& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return errno_error("create", path);
  return Done{};
}

}  // namespace

fs::path CompartmentContext::memory_path() {
  return memory.path() / std::to_string(++directories_made);
}

std::string compartment_folder(LabelId label, Era era) {
  std::string name = std::to_string(label);
  if (era == Era::past) name += ".past";
  return name;
}

Compartment::Compartment(LabelId label, Era era, const VectorModel& model,
                         CompartmentContext& context)
    : label_(label),
      model_(model),
      context_(context),
      directory_(context.options.directory / compartment_folder(label, era)),
      snapshot_(std::make_shared<const Snapshot>()) {}

std::string Compartment::bound_of(const fs::path& file) const {
  return "index " + directory_.filename().string() + " " + file.filename().string();
}

Status Compartment::load_strictly() {
  const std::vector<fs::path> generations = generations_in(directory_);
  if (generations.size() != 1) {
    return Error{ErrorCode::unavailable,
                 std::to_string(generations.size()) + " generations where one should be"};
  }
  CommitNumber applied = 0;
  WY_TRY(Part part, load_generation(generations.front(), applied));
  publish({applied, applied, true, {std::move(part)}});
  return Done{};
}

Status Compartment::load() {
  if (context_.options.strict) {
    Status loaded = load_strictly();
    if (loaded) return loaded;
    return within("compartment " + std::to_string(label_), loaded.error());
  }
  const SealedFiles& files = *context_.options.files;
  std::error_code ignored;
  fs::remove(directory_ / kUnfinished, ignored);
  Snapshot loaded;
  for (const fs::path& file : generations_in(directory_)) {
    const std::uint64_t number = *generation_number(file);
    context_.generation_last = std::max<std::uint64_t>(context_.generation_last, number);
    if (loaded.has_generation) {
      remove_quietly(files, file, bound_of(file));
      continue;
    }
    CommitNumber applied = 0;
    Result<Part> part = load_generation(file, applied);
    if (!part) {
      log::warn("index_generation_discarded", {{"label", label_},
                                               {"generation", file.filename().string()},
                                               {"reason", part.error().message}});
      remove_quietly(files, file, bound_of(file));
      continue;
    }
    loaded = {applied, applied, true, {*std::move(part)}};
  }
  publish(std::move(loaded));
  return Done{};
}

Result<Part> Compartment::load_generation(const fs::path& file, CommitNumber& applied) const {
  const Compartments::Options& options = context_.options;
  auto segment = std::make_shared<Segment>();
  segment->directory = std::make_unique<const SegmentDirectory>(context_.memory_path());
  const fs::path& directory = segment->directory->path();
  WY_TRY(const ArchiveHead head, read_archive(*options.files, file, bound_of(file), directory));
  if (head.label != label_) return Error{ErrorCode::corrupt, "of another compartment"};
  if (head.store_id != options.store_id) return Error{ErrorCode::corrupt, "of another store"};
  if (head.embedding_model != model_.name || head.vector_size != model_.vector_size) {
    return Error{ErrorCode::corrupt, "of another embedding model"};
  }
  WY_TRY(segment->lexical, LexicalShard::open(directory / kLexicalFolder, context_.budget));
  if (model_.vector_size > 0) {
    WY_TRY(segment->vectors, VectorShard::read(directory, model_.vector_size));
    WY_RETURN_IF_ERROR(VectorShard::remove_files(directory));
  }
  applied = head.applied;
  return part_of(std::move(segment));
}

std::shared_ptr<const Snapshot> Compartment::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

void Compartment::publish(Snapshot next) {
  auto value = std::make_shared<const Snapshot>(std::move(next));
  const std::lock_guard lock(mutex_);
  snapshot_.swap(value);
}

Status Compartment::apply(const Batch& batch) {
  const std::lock_guard lock(write_mutex_);
  const std::shared_ptr<const Snapshot> now = snapshot();
  if (batch.commit <= now->applied) return Done{};
  WY_RETURN_IF_ERROR(check(batch, model_.vector_size));
  Snapshot next = *now;
  next.applied = batch.commit;
  std::set<ChunkId> leaving(batch.removed.begin(), batch.removed.end());
  for (const IndexedChunk& chunk : batch.added) leaving.insert(chunk.id);
  WY_RETURN_IF_ERROR(remove_from(next.parts, leaving));
  const auto first_unsealed = next.parts.begin() + (next.has_generation ? 1 : 0);
  next.parts.erase(std::remove_if(first_unsealed, next.parts.end(),
                                  [](const Part& part) { return part.chunk_count() == 0; }),
                   next.parts.end());
  if (!batch.added.empty()) {
    WY_TRY(auto segment, build(without_repeats(batch.added)));
    next.parts.push_back(part_of(std::move(segment)));
    WY_RETURN_IF_ERROR(merge_similar(next));
  }
  publish(std::move(next));
  return Done{};
}

Status Compartment::merge_similar(Snapshot& next) const {
  const std::size_t first_unsealed = next.has_generation ? 1 : 0;
  for (;;) {
    std::size_t from = next.parts.size();
    const int newest = size_class(next.parts.back());
    while (from > first_unsealed && size_class(next.parts[from - 1]) <= newest) --from;
    const std::span<const Part> similar = std::span(next.parts).subspan(from);
    if (similar.size() < kSimilarMax) return Done{};
    WY_TRY(auto merged, merge(similar));
    next.parts.resize(from);
    next.parts.push_back(part_of(std::move(merged)));
  }
}

Result<std::shared_ptr<const Segment>> Compartment::build(
    std::span<const IndexedChunk* const> chunks) const {
  auto segment = std::make_shared<Segment>();
  segment->directory = std::make_unique<const SegmentDirectory>(context_.memory_path());
  const fs::path& path = segment->directory->path();
  WY_RETURN_IF_ERROR(LexicalShard::build(path, chunks));
  WY_TRY(segment->lexical, LexicalShard::open(path, context_.budget));
  if (model_.vector_size > 0) {
    WY_TRY(segment->vectors, VectorShard::build(model_.vector_size, chunks));
  }
  return std::shared_ptr<const Segment>(std::move(segment));
}

Result<std::unique_ptr<VectorShard>> Compartment::merge_vectors(std::span<const Part> parts) const {
  std::vector<VectorShard::Input> inputs;
  for (const Part& part : parts) {
    inputs.push_back({part.segment->vectors.get(), &part.removed->chunks});
  }
  return VectorShard::merge(model_.vector_size, inputs);
}

Result<std::shared_ptr<const Segment>> Compartment::merge(std::span<const Part> parts) const {
  auto segment = std::make_shared<Segment>();
  segment->directory = std::make_unique<const SegmentDirectory>(context_.memory_path());
  const fs::path& path = segment->directory->path();
  WY_RETURN_IF_ERROR(LexicalShard::merge(path, lexical_inputs(parts)));
  WY_TRY(segment->lexical, LexicalShard::open(path, context_.budget));
  if (model_.vector_size > 0) {
    WY_TRY(segment->vectors, merge_vectors(parts));
  }
  return std::shared_ptr<const Segment>(std::move(segment));
}

Status Compartment::seal() {
  const std::lock_guard lock(write_mutex_);
  const std::shared_ptr<const Snapshot> now = snapshot();
  if (now->applied == now->sealed) return Done{};
  WY_TRY(auto segment, write_generation(*now));
  publish({now->applied, now->applied, true, {part_of(std::move(segment))}});
  return Done{};
}

Result<std::shared_ptr<const Segment>> Compartment::write_generation(const Snapshot& now) const {
  auto segment = std::make_shared<Segment>();
  segment->directory = std::make_unique<const SegmentDirectory>(context_.memory_path());
  const fs::path& memory = segment->directory->path();
  WY_RETURN_IF_ERROR(make_directory(memory));
  WY_RETURN_IF_ERROR(LexicalShard::merge(memory / kLexicalFolder, lexical_inputs(now.parts)));
  if (model_.vector_size > 0) {
    WY_TRY(segment->vectors, merge_vectors(now.parts));
    WY_RETURN_IF_ERROR(segment->vectors->write(memory));
  }
  WY_RETURN_IF_ERROR(write_archive_of(memory, now.applied));
  WY_RETURN_IF_ERROR(VectorShard::remove_files(memory));
  WY_TRY(segment->lexical, LexicalShard::open(memory / kLexicalFolder, context_.budget));
  return std::shared_ptr<const Segment>(std::move(segment));
}

// The old generation goes only when the new one is on disk under its name.
Status Compartment::write_archive_of(const fs::path& memory, CommitNumber applied) const {
  const Compartments::Options& options = context_.options;
  WY_RETURN_IF_ERROR(make_directory(directory_));
  WY_RETURN_IF_ERROR(sync_directory(directory_.parent_path()));
  const std::uint64_t number = ++context_.generation_last;
  const fs::path file = directory_ / (std::string(kGenerationPrefix) + std::to_string(number));
  const fs::path unfinished = directory_ / kUnfinished;
  WY_RETURN_IF_ERROR(
      write_archive(*options.files, unfinished, bound_of(file),
                    {label_, applied, options.store_id, model_.name, model_.vector_size}, memory));
  if (::rename(unfinished.c_str(), file.c_str()) != 0) return errno_error("rename", file);
  WY_RETURN_IF_ERROR(sync_directory(directory_));
  return remove_generations_but(file);
}

Status Compartment::remove_generations_but(const fs::path& kept) const {
  bool removed = false;
  for (const fs::path& file : generations_in(directory_)) {
    if (file == kept) continue;
    WY_RETURN_IF_ERROR(context_.options.files->destroy(file, bound_of(file)));
    removed = true;
  }
  return removed ? sync_directory(directory_) : Status(Done{});
}

Status Compartment::drop() {
  const std::lock_guard lock(write_mutex_);
  WY_RETURN_IF_ERROR(remove_generations_but({}));
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
  publish({});
  return Done{};
}

}  // namespace wenyuan::index
