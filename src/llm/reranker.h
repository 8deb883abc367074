// Scores passages for a query with one loaded cross-encoder.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "compute/thread_pool.h"
#include "llm/engine_protocol.h"
#include "llm/model.h"
#include "llm/model_registry.h"

namespace wenyuan::llm {

// The passages of one request on their way to scores.
struct RerankWork {
  std::vector<TokenPair> pairs;
  std::vector<std::size_t> order;  // indexes of pairs, shortest first
  std::size_t done = 0;            // so many of `order`
  std::vector<float> scores;

  bool is_done() const { return done == order.size(); }
};

// Each passage behind the query, with the special tokens that the model knows such pairs by. Where
// both are too long for the model, a long query gives way to half of its context, and the passage
// loses its end.
RerankWork rerank_work(const OpenModel& model, const RerankRequest& request);

// One thread at a time.
class Reranker {
 public:
  static Result<std::unique_ptr<Reranker>> load(std::shared_ptr<const OpenModel> model,
                                                compute::ThreadPool& threads,
                                                const LoadOptions& options = {});
  static std::int64_t memory_need(const OpenModel& model, const LoadOptions& options = {});

  const OpenModel& model() const { return *model_; }

  // Scores the next pairs of similar length, a fraction of a second's work.
  Status step(RerankWork& work);

 private:
  Reranker(std::shared_ptr<const OpenModel> model, std::unique_ptr<CrossEncoder> encoder)
      : model_(std::move(model)), encoder_(std::move(encoder)) {}

  std::shared_ptr<const OpenModel> model_;
  std::unique_ptr<CrossEncoder> encoder_;
};

}  // namespace wenyuan::llm
