#include "index/lexical_shard.h"

#include <algorithm>
#include <optional>

#include "index/analyzer.h"
#include "index/bm25.h"
#include "index/docid_source.h"
#include "index/guarded.h"
#include "index/hits.h"
#include "index/segment.h"

namespace wenyuan::index {
namespace {

namespace fs = std::filesystem;

// Slot of the chunk id: Xapian's own numbers change when shards are merged.
constexpr Xapian::valueno kChunkSlot = 0;
// Idle handles that a shard keeps; each holds about four file descriptors.
constexpr std::size_t kIdleHandlesMax = 4;
// Words of a title count twice. A phrase never spans two fields.
constexpr Xapian::termcount kTitleWeight = 2;
constexpr std::uint32_t kFieldGap = 100;

constexpr int kWriteFlags =
    Xapian::DB_CREATE_OR_OVERWRITE | Xapian::DB_BACKEND_GLASS | Xapian::DB_NO_SYNC;

std::string encode_chunk_id(ChunkId chunk) {
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i)
    bytes[static_cast<std::size_t>(i)] = static_cast<char>(chunk >> (56 - 8 * i));
  return bytes;
}

std::optional<ChunkId> decode_chunk_id(const std::string& bytes) {
  if (bytes.size() != 8) return std::nullopt;
  std::uint64_t chunk = 0;
  for (const char byte : bytes) chunk = chunk << 8 | static_cast<unsigned char>(byte);
  return static_cast<ChunkId>(chunk);
}

void add_field(Xapian::Document& document, const Analyzer& analyzer, std::string_view text,
               Xapian::termcount weight, std::uint32_t& position) {
  std::uint32_t last = 0;
  for (const Term& term : analyzer.terms(text)) {
    if (term.kind == TermKind::pair) {
      document.add_term(term.text, weight);
    } else {
      last = term.position + 1;
      document.add_posting(term.text, position + last, weight);
    }
  }
  position += last + kFieldGap;
}

Xapian::Document document_of(const IndexedChunk& chunk, const Analyzer& analyzer) {
  Xapian::Document document;
  std::uint32_t position = 0;
  add_field(document, analyzer, chunk.title, kTitleWeight, position);
  add_field(document, analyzer, chunk.headings, 1, position);
  add_field(document, analyzer, chunk.text, 1, position);
  document.add_value(kChunkSlot, encode_chunk_id(chunk.id));
  return document;
}

// Terms with their counts and places.
bool same_entry(const Xapian::Document& one, const Xapian::Document& other) {
  if (one.termlist_count() != other.termlist_count()) return false;
  auto at = other.termlist_begin();
  for (auto term = one.termlist_begin(); term != one.termlist_end(); ++term, ++at) {
    if (*term != *at || term.get_wdf() != at.get_wdf() ||
        !std::equal(term.positionlist_begin(), term.positionlist_end(), at.positionlist_begin(),
                    at.positionlist_end())) {
      return false;
    }
  }
  return true;
}

// Sorted `from` without what is in sorted `without`.
template <class T>
std::vector<T> difference(const std::vector<T>& from, const std::vector<T>& without) {
  std::vector<T> rest;
  rest.reserve(from.size());
  std::set_difference(from.begin(), from.end(), without.begin(), without.end(),
                      std::back_inserter(rest));
  return rest;
}

}  // namespace

// Takes a handle out of the pool, or opens one, and gives it back at the end. A handle that was in
// use when something went wrong is not used again.
class LexicalShard::Lease {
 public:
  explicit Lease(const LexicalShard& shard) : shard_(shard) {
    {
      const std::lock_guard lock(shard.mutex_);
      if (!shard.idle_.empty()) {
        database_ = std::move(shard.idle_.back());
        shard.idle_.pop_back();
      }
    }
    if (database_) {
      shard.budget_.give_back();
    } else {
      database_ = std::make_unique<Xapian::Database>(shard.directory_.string());
    }
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() {
    if (std::uncaught_exceptions() > 0 || !shard_.budget_.take()) return;
    {
      const std::lock_guard lock(shard_.mutex_);
      if (shard_.idle_.size() < kIdleHandlesMax) shard_.idle_.push_back(std::move(database_));
    }
    if (database_) shard_.budget_.give_back();
  }
  const Xapian::Database& operator*() const { return *database_; }
  const Xapian::Database* operator->() const { return database_.get(); }

 private:
  const LexicalShard& shard_;
  std::unique_ptr<Xapian::Database> database_;
};

LexicalShard::~LexicalShard() {
  for (std::size_t i = 0; i < idle_.size(); ++i) budget_.give_back();
}

Status LexicalShard::build(const fs::path& directory, std::span<const IndexedChunk* const> chunks) {
  return guarded([&]() -> Status {
    const Analyzer analyzer;
    Xapian::WritableDatabase database(directory.string(), kWriteFlags);
    for (const IndexedChunk* chunk : chunks) database.add_document(document_of(*chunk, analyzer));
    database.commit();
    return Done{};
  });
}

Status LexicalShard::merge(const fs::path& directory, std::span<const Input> inputs) {
  std::vector<Input> kept;
  for (const Input& input : inputs) {
    if (input.removed->chunks.size() < input.shard->chunks_.size()) kept.push_back(input);
  }
  if (kept.empty()) return build(directory, {});
  const bool removed = std::any_of(
      kept.begin(), kept.end(), [](const Input& input) { return !input.removed->docids.empty(); });
  return guarded([&]() -> Status {
    Xapian::Database all;
    for (const Input& input : kept) {
      all.add_database(Xapian::Database(input.shard->directory_.string()));
    }
    // Copies whole tables: about 10 µs a chunk. Adding the documents again would take 500.
    if (!removed) {
      all.compact(directory.string());
      return Done{};
    }
    // What is deleted stays in blocks that are free; only another copy is without it.
    const SegmentDirectory draft(directory.string() + ".draft");
    all.compact(draft.path().string());
    WY_RETURN_IF_ERROR(delete_removed(draft.path(), kept));
    Xapian::Database(draft.path().string()).compact(directory.string());
    return Done{};
  });
}

Status LexicalShard::delete_removed(const fs::path& directory, std::span<const Input> inputs) {
  Xapian::WritableDatabase database(directory.string(), Xapian::DB_OPEN | Xapian::DB_NO_SYNC);
  // Compacting gives new numbers but keeps the order. A chunk that was replaced is in two inputs,
  // so which one is meant follows from the place alone.
  std::vector<Xapian::docid> removed;
  Xapian::ValueIterator at = database.valuestream_begin(kChunkSlot);
  for (const Input& input : inputs) {
    for (const auto& [docid, chunk] : input.shard->by_docid_) {
      if (at == database.valuestream_end(kChunkSlot) || decode_chunk_id(*at) != chunk) {
        return Error{ErrorCode::internal, "a merged shard is not in the order of its inputs"};
      }
      const std::vector<Xapian::docid>& gone = input.removed->docids;
      if (std::binary_search(gone.begin(), gone.end(), docid)) removed.push_back(at.get_docid());
      ++at;
    }
  }
  for (const Xapian::docid docid : removed) database.delete_document(docid);
  database.commit();
  return Done{};
}

Result<std::unique_ptr<LexicalShard>> LexicalShard::open(const fs::path& directory,
                                                         HandleBudget& budget) {
  return guarded([&]() -> Result<std::unique_ptr<LexicalShard>> {
    std::unique_ptr<LexicalShard> shard(new LexicalShard(directory, budget));
    WY_RETURN_IF_ERROR(shard->load());
    return shard;
  });
}

Status LexicalShard::load() {
  const Lease database(*this);
  length_sum_ = database->get_total_length();
  std::vector<std::pair<ChunkId, Xapian::docid>> by_chunk;
  for (auto at = database->valuestream_begin(kChunkSlot);
       at != database->valuestream_end(kChunkSlot); ++at) {
    const std::optional<ChunkId> chunk = decode_chunk_id(*at);
    if (!chunk) return Error{ErrorCode::corrupt, "a document without a chunk id"};
    by_docid_.emplace_back(at.get_docid(), *chunk);
    by_chunk.emplace_back(*chunk, at.get_docid());
  }
  if (by_docid_.size() != database->get_doccount()) {
    return Error{ErrorCode::corrupt, "a document without a chunk id"};
  }
  std::sort(by_chunk.begin(), by_chunk.end());
  for (const auto& [chunk, docid] : by_chunk) {
    if (!chunks_.empty() && chunks_.back() == chunk) {
      return Error{ErrorCode::corrupt, "a chunk is there twice"};
    }
    chunks_.push_back(chunk);
    docids_.push_back(docid);
  }
  return Done{};
}

bool LexicalShard::has(ChunkId chunk) const {
  return std::binary_search(chunks_.begin(), chunks_.end(), chunk);
}

Xapian::docid LexicalShard::docid_of(ChunkId chunk) const {
  const auto found = std::lower_bound(chunks_.begin(), chunks_.end(), chunk);
  WY_ASSERT(found != chunks_.end() && *found == chunk);
  return docids_[static_cast<std::size_t>(found - chunks_.begin())];
}

ChunkId LexicalShard::chunk_of(Xapian::docid docid) const {
  const auto found = std::lower_bound(by_docid_.begin(), by_docid_.end(), Numbered(docid, 0));
  WY_ASSERT(found != by_docid_.end() && found->first == docid);
  return found->second;
}

Result<RemovedChunks> LexicalShard::remove(const RemovedChunks& before,
                                           std::span<const ChunkId> chunks) const {
  return guarded([&]() -> Result<RemovedChunks> {
    const Lease database(*this);
    RemovedChunks after = before;
    for (const ChunkId chunk : chunks) {
      const Xapian::docid docid = docid_of(chunk);
      after.chunks.push_back(chunk);
      after.docids.push_back(docid);
      after.length_sum += database->get_doclength(docid);
      for (auto term = database->termlist_begin(docid); term != database->termlist_end(docid);
           ++term) {
        ++after.chunks_with[*term];
      }
    }
    std::sort(after.chunks.begin(), after.chunks.end());
    std::sort(after.docids.begin(), after.docids.end());
    return after;
  });
}

Result<std::vector<ChunkId>> LexicalShard::different(
    std::span<const IndexedChunk* const> chunks) const {
  return guarded([&]() -> Result<std::vector<ChunkId>> {
    const Lease database(*this);
    const Analyzer analyzer;
    std::vector<ChunkId> found;
    for (const IndexedChunk* chunk : chunks) {
      if (!same_entry(document_of(*chunk, analyzer), database->get_document(docid_of(chunk->id)))) {
        found.push_back(chunk->id);
      }
    }
    return found;
  });
}

std::vector<Xapian::docid> LexicalShard::docids_of(const std::vector<ChunkId>& chunks,
                                                   const RemovedChunks& removed) const {
  std::vector<Xapian::docid> found;
  auto at = chunks_.begin();
  for (const ChunkId chunk : chunks) {
    at = std::lower_bound(at, chunks_.end(), chunk);
    if (at == chunks_.end()) break;
    if (*at == chunk) found.push_back(docids_[static_cast<std::size_t>(at - chunks_.begin())]);
  }
  std::sort(found.begin(), found.end());
  return difference(found, removed.docids);
}

Status LexicalShard::add_statistics_of(const std::vector<Xapian::docid>& docids,
                                       const KeywordQuery& query,
                                       CorpusStatistics& statistics) const {
  if (docids.empty()) return Done{};
  return guarded([&]() -> Status {
    const Lease database(*this);
    statistics.chunk_count += docids.size();
    Xapian::PostingIterator all = database->postlist_begin("");
    for (const Xapian::docid docid : docids) {
      all.skip_to(docid);
      statistics.length_sum += all.get_doclength();
    }
    for (const auto& [term, count] : query.terms) {
      std::uint64_t& chunks = statistics.chunks_with[term];
      auto wanted = docids.begin();
      for (auto at = database->postlist_begin(term); at != database->postlist_end(term);) {
        wanted = std::lower_bound(wanted, docids.end(), *at);
        if (wanted == docids.end()) break;
        if (*wanted == *at) ++chunks;
        at.skip_to(*at == *wanted ? *at + 1 : *wanted);
      }
    }
    return Done{};
  });
}

Status LexicalShard::add_statistics(const RemovedChunks& removed, const KeywordQuery& query,
                                    const std::vector<ChunkId>* as_if,
                                    CorpusStatistics& statistics) const {
  if (as_if != nullptr) return add_statistics_of(docids_of(*as_if, removed), query, statistics);
  return guarded([&]() -> Status {
    const Lease database(*this);
    statistics.chunk_count += chunks_.size() - removed.chunks.size();
    statistics.length_sum += length_sum_ - removed.length_sum;
    for (const auto& [term, count] : query.terms) {
      std::uint64_t chunks = database->get_termfreq(term);
      const auto gone = removed.chunks_with.find(term);
      if (gone != removed.chunks_with.end()) chunks -= gone->second;
      statistics.chunks_with[term] += chunks;
    }
    return Done{};
  });
}

Result<std::vector<Hit>> LexicalShard::search(const RemovedChunks& removed,
                                              const Search& search) const {
  return guarded([&]() -> Result<std::vector<Hit>> {
    std::vector<Xapian::Query> words;
    for (const WeightedTerm& term : search.terms) {
      words.emplace_back(Xapian::Query::OP_SCALE_WEIGHT, Xapian::Query(term.text), term.weight);
    }
    Xapian::Query query(Xapian::Query::OP_OR, words.begin(), words.end());
    for (const std::vector<std::string>& phrase : *search.phrases) {
      const Xapian::Query exact(Xapian::Query::OP_PHRASE, phrase.begin(), phrase.end(),
                                static_cast<Xapian::termcount>(phrase.size()));
      query = Xapian::Query(Xapian::Query::OP_FILTER, query, exact);
    }
    std::vector<Xapian::docid> allowed;
    if (search.only) allowed = docids_of(*search.only, removed);
    DocidSource allowed_source(allowed);
    DocidSource removed_source(removed.docids);
    if (search.only) {
      query = Xapian::Query(Xapian::Query::OP_FILTER, query, Xapian::Query(&allowed_source));
    } else if (!removed.docids.empty()) {
      query = Xapian::Query(Xapian::Query::OP_AND_NOT, query, Xapian::Query(&removed_source));
    }
    return best(query, search);
  });
}

std::vector<Hit> LexicalShard::best(const Xapian::Query& query, const Search& search) const {
  const Lease database(*this);
  Xapian::Enquire enquire(*database);
  enquire.set_query(query);
  enquire.set_weighting_scheme(Bm25(search.average_length));
  // Xapian cuts equal scores by its own numbers, we by chunk ids: read on until the score changes.
  const std::size_t count_max = std::min(search.count_max, chunks_.size());
  std::size_t read_max = count_max + 8;
  Xapian::MSet found;
  for (;; read_max *= 4) {
    found = enquire.get_mset(0, static_cast<Xapian::doccount>(read_max));
    if (found.size() < read_max) break;
    const auto last = static_cast<Xapian::doccount>(read_max - 1);
    const auto cut = static_cast<Xapian::doccount>(count_max - 1);
    if (found[cut].get_weight() != found[last].get_weight()) break;
  }
  std::vector<Hit> hits;
  hits.reserve(found.size());
  for (auto at = found.begin(); at != found.end(); ++at) {
    hits.push_back({chunk_of(*at), at.get_weight()});
  }
  keep_best(hits, search.count_max);
  return hits;
}

}  // namespace wenyuan::index
