// Answers a question from permitted chunks, with citations that are checked against their source.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/document.h"
#include "base/permit.h"
#include "base/result.h"
#include "llm/engine.h"
#include "query/search.h"

namespace wenyuan::query {

class Draft;
struct Sentence;

struct AskRequest {
  std::string question;
  std::vector<std::string> collection_ids;
  std::optional<UnixMillis> as_of;  // as of a search
  int limit = 8;                    // passages
  std::int32_t tokens_max = 512;
  float temperature = 0;
  std::uint64_t seed = 0;
  std::string model;  // empty: the default generator
};

struct Citation {
  int marker = 1;  // the n of [n] in the answer
  std::string document_id;
  std::string chunk_id;  // wire id
  std::string title;
  std::string quote;  // exactly the document's text at location.char_start..char_end
  Location location;
  bool verified = false;  // compared with the stored text; always true in an answer given out
};

struct Refusal {
  std::string reason;  // "not_in_collections", "model_unavailable"
  std::vector<SearchHit> nearest;
};

struct Timings {  // milliseconds
  std::int64_t search = 0, rerank = 0, first_token = 0, total = 0;
};

struct Answer {
  std::string text;        // with [n] markers, each naming a citation
  bool grounded = false;   // every sentence is supported by a citation
  bool generated = false;  // false: exact quotes, because no model text could be supported
  std::vector<Citation> citations;
  std::vector<SearchHit> passages;
  std::optional<Refusal> refusal;
  llm::GenerateResult usage;
  Timings timings;
  std::string model;  // that wrote it; empty for quotes
  // What a model was given, and what it wrote before that was checked; empty when none was asked.
  std::string model_input;
  std::string model_output;
};

// What a stream shows while the answer is being made, in this order: passages once, then deltas and
// citations. Each gives false to stop.
struct AskObserver {
  std::function<bool(const std::vector<SearchHit>&)> on_passages;
  std::function<bool(std::string_view)> on_delta;
  std::function<bool(const Citation&)> on_citation;
};

// Thread-safe.
class Answerer {
 public:
  struct Parts {
    store::Database* database;
    const Searcher* searcher;
    llm::Engine* engine;
  };
  struct Options {
    std::string default_model;  // empty: quotes only
  };
  Answerer(const Parts& parts, const Options& options) : parts_(parts), options_(options) {}

  Result<Answer> ask(const Permit& permit, const AskRequest& request, const AskObserver& observer,
                     std::stop_token stop) const;

 private:
  Result<std::vector<std::vector<float>>> embed_evidence(const std::string& question,
                                                         const std::vector<Sentence>& sentences,
                                                         const std::stop_token& stop) const;
  Result<std::vector<Sentence>> find_evidence(const std::vector<SearchHit>& passages,
                                              const std::string& question,
                                              const std::stop_token& stop) const;
  bool speaks(const std::string& model, const std::string& question) const;
  Result<bool> generate(const AskRequest& request, const std::string& scope,
                        const std::vector<Sentence>& sentences, Draft& draft, Answer& answer,
                        const std::stop_token& stop) const;

  Parts parts_;
  Options options_;
};

}  // namespace wenyuan::query
