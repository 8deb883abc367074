// The requests that a worker's thread answers.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "llm/embedder.h"
#include "llm/engine_exchange.h"
#include "llm/engine_protocol.h"
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

// Work that is done in steps, of which the member `kResults` is the answer.
template <class Model, class Work, auto kResults>
class SteppedJob final : public AnswerJob {
 public:
  SteppedJob(Exchange exchange, LoadedModels<Model>& models, std::shared_ptr<const OpenModel> model,
             Work work)
      : AnswerJob(std::move(exchange)),
        models_(models),
        model_(std::move(model)),
        work_(std::move(work)) {}

 private:
  Result<std::string> work() override {
    WY_TRY(Model * loaded, models_.get(model_));
    if (!work_.is_done()) WY_RETURN_IF_ERROR(loaded->step(work_));
    return work_.is_done() ? encode(work_.*kResults) : std::string();
  }

  LoadedModels<Model>& models_;
  std::shared_ptr<const OpenModel> model_;
  Work work_;
};
using EmbedJob = SteppedJob<Embedder, EmbedWork, &EmbedWork::vectors>;
using RerankJob = SteppedJob<Reranker, RerankWork, &RerankWork::scores>;

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
