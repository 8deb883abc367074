// Attention in which several query heads share a key head: all decoders but the latent ones.
//
// Ainslie et al., "GQA: Training Generalized Multi-Query Transformer Models from Multi-Head
// Checkpoints", 2023.
#pragma once

#include <memory>
#include <vector>

#include "compute/attention.h"
#include "compute/matrix.h"
#include "llm/decoder/blocks.h"
#include "llm/decoder/key_value_cache.h"
#include "llm/decoder/rotation.h"
#include "llm/weights.h"

namespace wenyuan::llm {

struct GroupedShape {
  std::size_t heads = 0;
  std::size_t key_heads = 0;
  std::size_t head_size = 0;
  float scale = 0;         // of the scores
  std::size_t window = 0;  // tokens that one sees, itself included; 0: all before it
  PairOrder pairs = PairOrder::neighbours;
  compute::KeyValueType cache_type = compute::KeyValueType::f16;
};

class GroupedAttention final : public Attention {
 public:
  // `rotation` must outlive it. Norms of the queries and keys are taken where the file has them:
  // of each head, or of all heads together when they are as long. So are biases.
  static Result<std::unique_ptr<Attention>> load(const WeightLoader& loader, std::size_t layer,
                                                 std::size_t width, const GroupedShape& shape,
                                                 const Rotation& rotation);

  std::unique_ptr<LayerCache> new_cache() const override;
  void run(Stream& stream, const Pass& pass, std::size_t first, LayerCache& cache,
           const std::vector<float>& norm, const BlockOutput& out) override;

 private:
  // A matrix whose result is turned, or one whose is not.
  struct Projection {
    compute::Matrix matrix;
    std::vector<float> bias;
    std::vector<float> norm;
  };
  struct Buffers {
    float* queries;
    float* keys;
    float* values;
    float* attended;
  };

  // Some queries of the heads that share a key head.
  struct Queries {
    const float* values;
    std::span<const compute::KeyRange> visible;
    float* out;
  };

  GroupedAttention(const GroupedShape& shape, const Rotation& rotation)
      : shape_(shape), rotation_(rotation) {}
  static Result<Projection> load_turned(const WeightLoader& loader, const std::string& name,
                                        std::size_t width, std::size_t heads,
                                        const GroupedShape& shape, std::size_t turned);
  void project(Stream& stream, std::size_t rows, const std::vector<float>& norm,
               const Buffers& buffers) const;
  void place(float* heads, std::size_t count, std::size_t row, const std::vector<float>& norm,
             const Stream& stream) const;
  void gather(const KeyValueCache& cache, std::size_t head, const Queries& queries,
              const compute::Kernels& kernels) const;
  void gather_fixed(const KeyValueCache& cache, std::size_t head, const Queries& queries,
                    const compute::AttentionState& state, const compute::Kernels& kernels) const;
  void attend(Stream& stream, const Pass& pass, std::size_t first, const LayerCache& cache,
              const Buffers& buffers) const;

  GroupedShape shape_;
  const Rotation& rotation_;
  Projection query_;
  Projection key_;
  Projection value_;
  compute::Matrix output_;
  std::vector<float> output_bias_;
};

}  // namespace wenyuan::llm
