// A decoder-only transformer: what all architectures share.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "compute/matrix.h"
#include "llm/decoder/blocks.h"
#include "llm/decoder/rotation.h"
#include "llm/decoder/stream.h"
#include "llm/model.h"
#include "llm/weights.h"

namespace wenyuan::llm {

struct DecoderLayer {
  std::vector<float> attention_norm;
  std::unique_ptr<Attention> attention;
  std::vector<float> attention_post_norm;  // of the block's result; empty: none
  std::vector<float> inner_norm;
  std::unique_ptr<FeedForward> feed_forward;
  std::vector<float> inner_post_norm;
};

// An architecture's file fills it in.
struct DecoderParts {
  std::size_t width = 0;
  std::size_t context = 0;
  float epsilon = 0;
  float embedding_scale = 1;
  float residual_scale = 1;  // of a block's result
  float logit_scale = 1;
  float logit_cap = 0;  // logits become cap * tanh(logit / cap); 0: they stay
  std::vector<std::unique_ptr<Rotation>> rotations;  // what the attentions refer to
  EmbeddingTable embeddings;
  std::vector<DecoderLayer> layers;
  std::vector<float> output_norm;
  compute::Matrix output;
};

class Transformer final : public Decoder {
 public:
  Transformer(std::shared_ptr<const Gguf> file, DecoderParts parts, compute::ThreadPool& threads,
              const compute::Kernels& kernels);

  std::size_t context_length() const override { return parts_.context; }
  std::size_t vocabulary_size() const override { return parts_.output.outputs(); }
  Result<std::unique_ptr<Sequence>> new_sequence(std::size_t tokens_max) override;
  Result<std::span<const float>> append(Sequence& sequence, std::span<const TokenId> tokens,
                                        const CancelCheck& is_cancelled) override;

  const OperatorTimes& times() const { return stream_.times; }
  void reset_times() { stream_.times = {}; }

 private:
  using Caches = std::vector<std::unique_ptr<LayerCache>>;
  void embed(std::span<const TokenId> tokens);
  // Leaves the states of the wanted tokens, from the one numbered `first` on, in the stream.
  Status run_layers(const Pass& pass, std::size_t first, Caches& caches,
                    const CancelCheck& is_cancelled);
  void run_layer(DecoderLayer& layer, const Pass& pass, std::size_t first, LayerCache& cache);
  // Runs a block and adds its result to the states.
  template <class Run>
  void add_block(std::size_t rows, const std::vector<float>& post_norm, bool is_direct,
                 const Run& run);
  std::span<const float> compute_logits();

  std::shared_ptr<const Gguf> file_;
  DecoderParts parts_;
  Stream stream_;
  std::vector<float> results_;  // of a block, before they are normed or scaled
  std::vector<float> logits_;
};

}  // namespace wenyuan::llm
