// Makes vectors of texts with one loaded encoder.
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

// The texts of one request on their way to vectors.
struct EmbedWork {
  std::vector<std::vector<TokenId>> texts;
  std::vector<std::size_t> order;  // indexes of texts, shortest first
  std::size_t done = 0;            // so many of `order`
  std::vector<std::vector<float>> vectors;

  bool is_done() const { return done == order.size(); }
};

// Tokenizes the texts with the prefix that the model wants for this kind.
EmbedWork embed_work(const OpenModel& model, const EmbedRequest& request);

// One thread at a time.
class Embedder {
 public:
  static Result<std::unique_ptr<Embedder>> load(std::shared_ptr<const OpenModel> model,
                                                compute::ThreadPool& threads,
                                                const LoadOptions& options = {});
  static std::int64_t memory_need(const OpenModel& model, const LoadOptions& options = {});

  const OpenModel& model() const { return *model_; }

  // Encodes the next texts of similar length, a fraction of a second's work.
  Status step(EmbedWork& work);

 private:
  Embedder(std::shared_ptr<const OpenModel> model, std::unique_ptr<Encoder> encoder)
      : model_(std::move(model)), encoder_(std::move(encoder)) {}

  std::shared_ptr<const OpenModel> model_;
  std::unique_ptr<Encoder> encoder_;
};

}  // namespace wenyuan::llm
