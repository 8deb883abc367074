// The decoder architecture "llama": RMS norm, rotary positions, grouped-query attention, SwiGLU.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "compute/activations.h"
#include "compute/matrix.h"
#include "llm/key_value_cache.h"
#include "llm/model.h"
#include "llm/weights.h"

namespace wenyuan::llm {

struct LlamaShape {
  std::size_t layers;
  std::size_t width;
  std::size_t inner_width;
  std::size_t heads;
  std::size_t key_heads;
  std::size_t head_size;
  std::size_t rotated;  // of each head, from its beginning
  std::size_t context;
  float epsilon;
};

struct LlamaLayer {
  std::vector<float> attention_norm;
  compute::Matrix query;
  compute::Matrix key;
  compute::Matrix value;
  std::vector<float> query_bias;  // these may be empty
  std::vector<float> key_bias;
  std::vector<float> value_bias;
  compute::Matrix attention_output;
  std::vector<float> inner_norm;
  compute::Matrix gate;
  compute::Matrix up;
  compute::Matrix down;
};

struct LlamaWeights {
  LlamaShape shape;
  EmbeddingTable embeddings;
  std::vector<LlamaLayer> layers;
  std::vector<float> output_norm;
  compute::Matrix output;
  std::vector<double> frequencies;  // radians a position, for each rotated pair
};
Result<LlamaWeights> load_llama(const Gguf& file, const LoadOptions& options);

class LlamaDecoder final : public Decoder {
 public:
  LlamaDecoder(std::shared_ptr<const Gguf> file, LlamaWeights weights, compute::ThreadPool& threads,
               const LoadOptions& options);
  static Result<std::unique_ptr<Decoder>> load(std::shared_ptr<const Gguf> file,
                                               compute::ThreadPool& threads,
                                               const LoadOptions& options = {});

  std::size_t context_length() const override { return weights_.shape.context; }
  std::size_t vocabulary_size() const override { return weights_.output.outputs(); }
  Result<std::unique_ptr<Sequence>> new_sequence(std::size_t tokens_max) override;
  Result<std::span<const float>> append(Sequence& sequence,
                                        std::span<const TokenId> tokens) override;

 private:
  // One pass of tokens [begin, begin + count) of a sequence; leaves their states in hidden_.
  struct Pass {
    KeyValueCache* cache;
    std::size_t begin;
    std::size_t count;
  };
  void run_layers(const Pass& pass, bool is_last);
  void prepare_rotations(const Pass& pass);
  void project(const LlamaLayer& layer, const Pass& pass);
  void rotate_and_store(std::size_t layer, const Pass& pass);
  void attend(std::size_t layer, const Pass& pass);
  void attend_some(std::size_t layer, std::size_t head, std::size_t row, std::size_t rows,
                   const Pass& pass);
  void run_inner(const LlamaLayer& layer, std::size_t rows);
  void fill_normed(const std::vector<float>& norm, std::size_t rows,
                   compute::ActivationForms forms);
  void keep_last_row(const Pass& pass);
  std::span<const float> compute_logits();

  std::shared_ptr<const Gguf> file_;
  LlamaWeights weights_;
  compute::ThreadPool& threads_;
  const compute::Kernels& kernels_;
  compute::Activations activations_;
  std::vector<float> hidden_;  // one row a token, as all of these
  std::vector<float> queries_;
  std::vector<float> keys_;
  std::vector<float> values_;
  std::vector<float> attended_;
  std::vector<float> gates_;
  std::vector<float> ups_;
  std::vector<float> cosines_;
  std::vector<float> sines_;
  std::vector<float> logits_;
};

}  // namespace wenyuan::llm
