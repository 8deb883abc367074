#include "query/search.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "base/log.h"
#include "index/highlight.h"

namespace wenyuan::query {
namespace {

// What a search works on once it is known to be permitted.
struct Scope {
  std::vector<LabelId> labels;
  std::optional<std::vector<ChunkId>> only;
  std::optional<std::vector<ChunkId>> as_if;  // of a search as of a moment
  std::int64_t commit = 0;

  index::SearchScope where() const {
    return {labels, only ? &*only : nullptr, as_if ? &*as_if : nullptr};
  }
};

// The permitted labels of the wanted collections. A collection that is hidden and one that does
// not exist give the same error.
Result<std::vector<LabelId>> wanted_labels(store::Snapshot& snapshot, const Permit& permit,
                                           const std::vector<std::string>& collection_ids) {
  if (collection_ids.empty()) return permit.labels();
  WY_TRY(const std::vector<Label> all, store::labels(snapshot));
  std::vector<LabelId> wanted;
  for (const std::string& id : collection_ids) {
    bool found = permit.covers_collection(id);
    for (const Label& label : all) {
      if (label.collection_id != id || !permit.covers(label.id)) continue;
      wanted.push_back(label.id);
      found = true;
    }
    if (!found) return Error{ErrorCode::not_found, "no such collection"};
  }
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  return wanted;
}

Result<Scope> scope_of(store::Snapshot& snapshot, const Permit& permit,
                       const SearchRequest& request) {
  Scope scope;
  WY_TRY(scope.labels, wanted_labels(snapshot, permit, request.collection_ids));
  if (request.as_of) {
    const UnixMillis time = *request.as_of;
    WY_TRY(scope.as_if, store::chunk_ids_as_of(snapshot, permit, scope.labels, {}, time));
    if (request.filter) {
      WY_TRY(scope.only,
             store::chunk_ids_as_of(snapshot, permit, scope.labels, *request.filter, time));
    }
  } else if (request.filter) {
    WY_TRY(scope.only, store::chunk_ids(snapshot, permit, *request.filter));
  }
  WY_TRY(scope.commit, store::change_count(snapshot, scope.labels));
  return scope;
}

// Hits of one ranking as fused hits, so that all modes end alike.
std::vector<index::FusedHit> alone(const std::vector<index::Hit>& hits, bool keyword) {
  std::vector<index::FusedHit> fused;
  for (const index::Hit& hit : hits) {
    index::FusedHit each{hit.chunk, hit.score, std::nullopt, std::nullopt};
    (keyword ? each.keyword : each.semantic) = hit.score;
    fused.push_back(each);
  }
  return fused;
}

// The headings above the section in which most words of the question stand.
std::vector<std::string> best_heading_path(const SearchHit& hit) {
  std::map<const std::vector<std::string>*, std::size_t> counts;
  const std::vector<std::string>* best = &hit.chunk.location.heading_path;
  std::size_t most = 0;
  for (const auto& [begin, end] : hit.highlights) {
    const std::vector<std::string>& path = heading_path_at(hit.chunk, begin);
    const std::size_t count = ++counts[&path];
    if (count <= most) continue;
    most = count;
    best = &path;
  }
  return *best;
}

SearchHit to_hit(const index::FusedHit& fused, Chunk chunk, const SearchRequest& request,
                 SearchMode mode) {
  SearchHit hit;
  hit.highlights = index::highlights(request.query, chunk.text);
  hit.chunk = std::move(chunk);
  hit.chunk.location.heading_path = best_heading_path(hit);
  hit.score = fused.score;
  hit.keyword = fused.keyword;
  hit.semantic = fused.semantic;
  if (mode == SearchMode::hybrid) hit.fused = fused.score;
  return hit;
}

}  // namespace

Result<std::optional<std::vector<float>>> Searcher::embed(const SearchRequest& request,
                                                          std::stop_token stop) const {
  if (request.mode == SearchMode::keyword) return std::optional<std::vector<float>>();
  const std::string model = embedding_model();
  if (model.empty()) {
    if (request.mode == SearchMode::hybrid) return std::optional<std::vector<float>>();
    return Error{ErrorCode::unavailable,
                 "there is no embedding model, so only keyword search works"};
  }
  const std::string texts[] = {request.query};
  auto vectors = parts_.engine->embed(model, texts, llm::EmbedKind::query, stop);
  if (vectors) return std::optional(std::move(vectors->front()));
  if (request.mode == SearchMode::semantic || vectors.error().code == ErrorCode::cancelled) {
    return std::move(vectors).error();
  }
  // A dead engine must not take keyword search with it.
  log::warn("search.no_embedding", {{"code", name(vectors.error().code)}});
  return std::optional<std::vector<float>>();
}

Result<SearchResult> Searcher::search(const Permit& permit, const SearchRequest& request,
                                      std::stop_token stop) const {
  WY_TRY(const Scope scope, parts_.database->read([&](store::Snapshot& snapshot) {
    return scope_of(snapshot, permit, request);
  }));
  WY_RETURN_IF_ERROR(parts_.catch_up(scope.labels, Era::present));
  // In this order: a chunk that moves between them is met twice rather than not at all.
  if (request.as_of) WY_RETURN_IF_ERROR(parts_.catch_up(scope.labels, Era::past));
  WY_TRY(const auto vector, embed(request, stop));

  SearchResult result;
  result.commit = scope.commit;
  result.mode = vector ? request.mode : SearchMode::keyword;
  const index::SearchScope where = scope.where();
  std::vector<index::Hit> keyword;
  std::vector<index::Hit> semantic;
  if (result.mode != SearchMode::semantic) {
    WY_TRY(keyword,
           parts_.compartments->keyword(permit, where, request.query, options_.candidates));
  }
  if (vector) {
    WY_TRY(semantic, parts_.compartments->semantic(permit, where, *vector, options_.candidates));
  }
  std::vector<index::FusedHit> fused =
      result.mode == SearchMode::hybrid
          ? index::fuse(keyword, semantic, {options_.semantic_weight, options_.candidates})
          : alone(result.mode == SearchMode::keyword ? keyword : semantic,
                  result.mode == SearchMode::keyword);
  const bool reranks = request.rerank && !options_.reranker_model.empty();
  const auto limit = static_cast<std::size_t>(request.limit);
  fused.resize(std::min(fused.size(), reranks ? std::max(limit, options_.reranked) : limit));
  WY_TRY(result.hits, fetch(permit, request, fused, result.mode));
  if (reranks) {
    const auto begin = std::chrono::steady_clock::now();
    WY_RETURN_IF_ERROR(rerank(request.query, result.hits, stop));
    const auto time = std::chrono::steady_clock::now() - begin;
    result.rerank_ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  }
  if (result.hits.size() > limit) result.hits.resize(limit);
  return result;
}

Status Searcher::rerank(const std::string& query, std::vector<SearchHit>& hits,
                        const std::stop_token& stop) const {
  std::vector<std::string> texts;
  for (const SearchHit& hit : hits) {
    std::string text = hit.chunk.title;
    text += '\n';
    text += hit.chunk.text;
    texts.push_back(std::move(text));
  }
  const auto scores = parts_.engine->rerank(options_.reranker_model, query, texts, stop);
  if (!scores) {
    if (scores.error().code == ErrorCode::cancelled) return scores.error();
    // Like a dead embedder: the fused order is good enough to go on.
    log::warn("search.no_reranking", {{"code", name(scores.error().code)}});
    return Done{};
  }
  for (std::size_t i = 0; i < hits.size(); ++i) {
    hits[i].rerank = double{scores->at(i)};
    hits[i].score = *hits[i].rerank;
  }
  std::stable_sort(hits.begin(), hits.end(),
                   [](const SearchHit& a, const SearchHit& b) { return a.score > b.score; });
  return Done{};
}

// The store has the last word: a chunk that was deleted or hidden meanwhile is not there.
Result<std::vector<SearchHit>> Searcher::fetch(const Permit& permit, const SearchRequest& request,
                                               const std::vector<index::FusedHit>& fused,
                                               SearchMode mode) const {
  std::vector<ChunkId> ids;
  std::map<ChunkId, const index::FusedHit*> by_id;
  for (const index::FusedHit& hit : fused) {
    ids.push_back(hit.chunk);
    by_id[hit.chunk] = &hit;
  }
  WY_TRY(std::vector<Chunk> chunks, parts_.database->read([&](store::Snapshot& snapshot) {
    return store::chunks_by_id(snapshot, permit, ids, request.as_of.has_value());
  }));
  std::vector<SearchHit> hits;
  for (Chunk& chunk : chunks) {
    const index::FusedHit& hit = *by_id.at(chunk.id);
    hits.push_back(to_hit(hit, std::move(chunk), request, mode));
  }
  return hits;
}

}  // namespace wenyuan::query
