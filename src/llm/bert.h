// The encoder architecture "bert": learned positions, normalisation behind each part, GELU.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "compute/activations.h"
#include "compute/matrix.h"
#include "llm/model.h"
#include "llm/weights.h"

namespace wenyuan::llm {

enum class Pooling { mean, first };

struct BertShape {
  std::size_t layers;
  std::size_t width;
  std::size_t inner_width;
  std::size_t heads;
  std::size_t head_size;
  std::size_t context;
  float epsilon;
  Pooling pooling;
};

// A linear map with its bias, and a normalisation with its own.
struct BertLinear {
  compute::Matrix weight;
  std::vector<float> bias;
};
struct BertNorm {
  std::vector<float> weight;
  std::vector<float> bias;
};

struct BertLayer {
  BertLinear query;
  BertLinear key;
  BertLinear value;
  BertLinear attention_output;
  BertNorm attention_norm;
  BertLinear up;
  BertLinear down;
  BertNorm output_norm;
};

struct BertWeights {
  BertShape shape;
  EmbeddingTable tokens;
  EmbeddingTable positions;
  std::vector<float> token_type;  // of type 0, the only one used
  BertNorm embedding_norm;
  std::vector<BertLayer> layers;
};
Result<BertWeights> load_bert(const Gguf& file, const LoadOptions& options);

class BertEncoder final : public Encoder {
 public:
  BertEncoder(std::shared_ptr<const Gguf> file, BertWeights weights, compute::ThreadPool& threads,
              const LoadOptions& options);
  static Result<std::unique_ptr<Encoder>> load(std::shared_ptr<const Gguf> file,
                                               compute::ThreadPool& threads,
                                               const LoadOptions& options = {});

  std::size_t context_length() const override { return weights_.shape.context; }
  std::size_t vector_size() const override { return weights_.shape.width; }
  Result<std::vector<std::vector<float>>> encode(
      std::span<const std::vector<TokenId>> texts) override;

 private:
  // Where a text's rows are.
  struct Rows {
    std::size_t begin;
    std::size_t count;
  };
  Status check(const std::vector<TokenId>& text) const;
  void encode_packed(std::span<const std::vector<TokenId>> texts,
                     std::vector<std::vector<float>>& vectors);
  void embed(std::span<const std::vector<TokenId>> texts);
  void run_layer(const BertLayer& layer, const BertNorm& norm_before);
  void normalise_and_fill(const BertNorm& norm, compute::ActivationForms forms);
  void attend(const Rows& text, std::size_t head);
  void add_product(const BertLinear& linear);
  std::vector<float> pool(const Rows& text, const BertNorm& norm) const;

  std::shared_ptr<const Gguf> file_;
  BertWeights weights_;
  compute::ThreadPool& threads_;
  const compute::Kernels& kernels_;
  compute::Activations activations_;
  // Of the texts at hand, all their tokens behind one another.
  std::vector<Rows> rows_;
  std::size_t row_count_ = 0;
  std::vector<float> hidden_;
  std::vector<float> queries_;
  std::vector<float> keys_;
  std::vector<float> values_;
  std::vector<float> attended_;
  std::vector<float> inner_;
};

}  // namespace wenyuan::llm
