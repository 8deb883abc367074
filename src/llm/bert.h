// The encoder of the architectures "bert" and "nomic-bert": texts become vectors.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "llm/bert_layers.h"
#include "llm/model.h"

namespace wenyuan::llm {

class BertEncoder final : public Encoder {
 public:
  explicit BertEncoder(std::unique_ptr<BertLayers> layers) : layers_(std::move(layers)) {}
  static Result<std::unique_ptr<Encoder>> load(std::shared_ptr<const Gguf> file,
                                               compute::ThreadPool& threads,
                                               const LoadOptions& options = {});

  std::size_t context_length() const override { return layers_->weights().shape.context; }
  std::size_t vector_size() const override { return layers_->weights().shape.width; }
  Result<std::vector<std::vector<float>>> encode(
      std::span<const std::vector<TokenId>> texts) override;

 private:
  std::vector<float> pool(const BertLayers::Rows& text) const;

  std::unique_ptr<BertLayers> layers_;
};

}  // namespace wenyuan::llm
