// The requests that a worker's thread answers.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "llm/embedder.h"
#include "llm/engine_exchange.h"
#include "llm/engine_worker.h"
#include "llm/generator.h"
#include "llm/loaded_models.h"
#include "llm/reranker.h"

namespace wenyuan::llm {

// A result frame, or an error frame when the payload is too large for one.
std::string result_frame(std::string_view payload);
std::string error_frame(const Error& error);

// Common to both: whatever step() returns or throws ends in a frame.
class AnswerJob : public Job {
 public:
  bool step() final;
  Exchange& exchange() { return exchange_; }

 protected:
  explicit AnswerJob(Exchange exchange) : exchange_(std::move(exchange)) {}
  // An empty payload: there is more to do.
  virtual Result<std::string> work() = 0;

 private:
  Exchange exchange_;
};

class EmbedJob final : public AnswerJob {
 public:
  EmbedJob(Exchange exchange, LoadedModels<Embedder>& models,
           std::shared_ptr<const OpenModel> model, EmbedWork work)
      : AnswerJob(std::move(exchange)),
        models_(models),
        model_(std::move(model)),
        work_(std::move(work)) {}

 private:
  Result<std::string> work() override;

  LoadedModels<Embedder>& models_;
  std::shared_ptr<const OpenModel> model_;
  EmbedWork work_;
};

class RerankJob final : public AnswerJob {
 public:
  RerankJob(Exchange exchange, LoadedModels<Reranker>& models,
            std::shared_ptr<const OpenModel> model, RerankWork work)
      : AnswerJob(std::move(exchange)),
        models_(models),
        model_(std::move(model)),
        work_(std::move(work)) {}

 private:
  Result<std::string> work() override;

  LoadedModels<Reranker>& models_;
  std::shared_ptr<const OpenModel> model_;
  RerankWork work_;
};

class GenerateJob final : public AnswerJob {
 public:
  GenerateJob(Exchange exchange, LoadedModels<Generator>& models,
              std::shared_ptr<const OpenModel> model, GenerateRequest request,
              std::vector<TokenId> prompt)
      : AnswerJob(std::move(exchange)),
        models_(models),
        model_(std::move(model)),
        request_(std::move(request)),
        prompt_(std::move(prompt)) {}

 private:
  Result<std::string> work() override;

  LoadedModels<Generator>& models_;
  std::shared_ptr<const OpenModel> model_;
  GenerateRequest request_;
  std::vector<TokenId> prompt_;
};

}  // namespace wenyuan::llm
