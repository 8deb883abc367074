// Which chunks answer these words? Hybrid search inside what the permit opens.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/document.h"
#include "base/permit.h"
#include "base/result.h"
#include "index/compartments.h"
#include "index/fusion.h"
#include "llm/engine.h"
#include "store/content_store.h"
#include "store/database.h"

namespace wenyuan::query {

enum class SearchMode { hybrid, semantic, keyword };

struct SearchRequest {
  std::string query;
  std::vector<std::string> collection_ids;  // empty: everything permitted
  SearchMode mode = SearchMode::hybrid;
  int limit = 10;      // 1 to 100
  bool rerank = true;  // where there is a reranker
  std::optional<store::DocumentFilter> filter;
  // What was visible then, among what the permit opens now; nothing: what is visible now.
  std::optional<UnixMillis> as_of;
};

struct SearchHit {
  Chunk chunk;       // its heading path is that of the section that the words stand in
  double score = 0;  // what the order is by
  std::optional<double> keyword, semantic, fused, rerank;
  std::vector<std::pair<std::int64_t, std::int64_t>> highlights;  // code points of chunk.text
};

struct SearchResult {
  std::vector<SearchHit> hits;
  SearchMode mode = SearchMode::hybrid;  // what was really done: keyword when there is no embedder
  std::int64_t commit = 0;  // changes of the searched compartments; unmoved by hidden ones
  std::int64_t rerank_ms = 0;
};

// Thread-safe.
class Searcher {
 public:
  struct Parts {  // all outlive it
    store::Database* database;
    const index::Compartments* compartments;
    llm::Engine* engine;
    // Returns when the compartments show everything committed before the call.
    std::function<Status(std::span<const LabelId>, Era)> catch_up;
  };
  struct Options {
    double semantic_weight = 0.5;
    std::size_t candidates = 100;  // from each ranking
    std::string reranker_model;    // empty: the order stays as it is fused
    std::size_t reranked = 24;     // of the fused ones, or as many as are asked for
  };
  Searcher(const Parts& parts, const Options& options) : parts_(parts), options_(options) {}

  const std::string& reranker_model() const { return options_.reranker_model; }  // empty: none
  // That of the indexes; empty: keyword search only.
  std::string embedding_model() const { return parts_.compartments->model().name; }

  // conflict when the permit is stale: ask again with a new one. not_found for a collection that
  // does not exist or that the permit does not open.
  Result<SearchResult> search(const Permit& permit, const SearchRequest& request,
                              std::stop_token stop) const;

 private:
  // Nothing when the mode needs no vector, or hybrid search has to do without one.
  Result<std::optional<std::vector<float>>> embed(const SearchRequest& request,
                                                  std::stop_token stop) const;
  Result<std::vector<SearchHit>> fetch(const Permit& permit, const SearchRequest& request,
                                       const std::vector<index::FusedHit>& fused,
                                       SearchMode mode) const;
  // Into the reranker's order, when it can be asked.
  Status rerank(const std::string& query, std::vector<SearchHit>& hits,
                const std::stop_token& stop) const;

  Parts parts_;
  Options options_;
};

}  // namespace wenyuan::query
