#include "query/search.h"

#include <algorithm>
#include <map>

#include "base/log.h"
#include "index/highlight.h"

namespace wenyuan::query {
namespace {

// What a search works on once it is known to be permitted.
struct Scope {
  std::vector<LabelId> labels;
  std::optional<std::vector<ChunkId>> only;
  std::int64_t commit = 0;
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
  if (request.filter) {
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

SearchHit to_hit(const index::FusedHit& fused, Chunk chunk, const SearchRequest& request,
                 SearchMode mode) {
  SearchHit hit;
  hit.highlights = index::highlights(request.query, chunk.text);
  hit.chunk = std::move(chunk);
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
  if (options_.embedding_model.empty()) {
    if (request.mode == SearchMode::hybrid) return std::optional<std::vector<float>>();
    return Error{ErrorCode::unavailable,
                 "there is no embedding model, so only keyword search works"};
  }
  const std::string texts[] = {request.query};
  auto vectors = parts_.engine->embed(options_.embedding_model, texts, llm::EmbedKind::query, stop);
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
  WY_RETURN_IF_ERROR(parts_.catch_up(scope.labels));
  WY_TRY(const auto vector, embed(request, std::move(stop)));

  SearchResult result;
  result.commit = scope.commit;
  result.mode = vector ? request.mode : SearchMode::keyword;
  const index::SearchScope where{scope.labels, scope.only ? &*scope.only : nullptr};
  std::vector<index::Hit> keyword;
  std::vector<index::Hit> semantic;
  if (result.mode != SearchMode::semantic) {
    WY_TRY(keyword,
           parts_.compartments->keyword(permit, where, request.query, options_.candidates));
  }
  if (vector) {
    WY_TRY(semantic, parts_.compartments->semantic(permit, where, *vector, options_.candidates));
  }
  const std::vector<index::FusedHit> fused =
      result.mode == SearchMode::hybrid
          ? index::fuse(keyword, semantic, {options_.semantic_weight, options_.candidates})
          : alone(result.mode == SearchMode::keyword ? keyword : semantic,
                  result.mode == SearchMode::keyword);
  WY_TRY(result.hits, fetch(permit, request, fused, result.mode));
  return result;
}

// The store has the last word: a chunk that was deleted or hidden meanwhile is not there.
Result<std::vector<SearchHit>> Searcher::fetch(const Permit& permit, const SearchRequest& request,
                                               const std::vector<index::FusedHit>& fused,
                                               SearchMode mode) const {
  std::vector<ChunkId> ids;
  std::map<ChunkId, const index::FusedHit*> by_id;
  const auto wanted = std::min(fused.size(), static_cast<std::size_t>(request.limit));
  for (std::size_t i = 0; i < wanted; ++i) {
    ids.push_back(fused[i].chunk);
    by_id[fused[i].chunk] = &fused[i];
  }
  WY_TRY(std::vector<Chunk> chunks, parts_.database->read([&](store::Snapshot& snapshot) {
    return store::chunks_by_id(snapshot, permit, ids);
  }));
  std::vector<SearchHit> hits;
  for (Chunk& chunk : chunks) {
    const index::FusedHit& hit = *by_id.at(chunk.id);
    hits.push_back(to_hit(hit, std::move(chunk), request, mode));
  }
  return hits;
}

}  // namespace wenyuan::query
