// The cross-encoder of the architecture "bert": two texts, read together, become a score.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "llm/bert_layers.h"
#include "llm/model.h"

namespace wenyuan::llm {

class BertCrossEncoder final : public CrossEncoder {
 public:
  BertCrossEncoder(std::unique_ptr<BertLayers> layers, compute::ThreadPool& threads)
      : layers_(std::move(layers)), threads_(threads), activations_(layers_->kernels()) {}
  static Result<std::unique_ptr<CrossEncoder>> load(std::shared_ptr<const Gguf> file,
                                                    compute::ThreadPool& threads,
                                                    const LoadOptions& options = {});

  std::size_t context_length() const override { return layers_->weights().shape.context; }
  Result<std::vector<float>> score(std::span<const TokenPair> pairs) override;

 private:
  void classify(std::size_t count, std::vector<float>& scores);

  std::unique_ptr<BertLayers> layers_;
  compute::ThreadPool& threads_;
  compute::Activations activations_;
};

}  // namespace wenyuan::llm
