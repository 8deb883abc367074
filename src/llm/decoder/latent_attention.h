// Multi-head latent attention: keys and values of all heads come out of one short vector a token,
// and only that vector is kept.
//
// DeepSeek-AI, "DeepSeek-V2: A Strong, Economical, and Efficient Mixture-of-Experts Language
// Model", 2024, section 2.1.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compute/matrix.h"
#include "compute/row_attention.h"
#include "llm/decoder/blocks.h"
#include "llm/decoder/latent_cache.h"
#include "llm/decoder/rotation.h"
#include "llm/weights.h"

namespace wenyuan::llm {

struct LatentShape {
  std::size_t heads = 0;
  std::size_t query_rank = 0;  // 0: queries come straight from the states
  std::size_t latent = 0;
  std::size_t plain = 0;   // numbers of a head's key that are not turned
  std::size_t turned = 0;  // and that are
  std::size_t value = 0;
  float scale = 0;  // of the scores
  compute::KeyValueType cache_type = compute::KeyValueType::f16;

  std::size_t key() const { return plain + turned; }
  std::size_t row() const { return latent + turned; }  // of the cache
};

// Two ways to the same result. Absorbed: queries are taken into the latent space and meet the cache
// as it is; cheap for a few tokens. Expanded: the heads' keys and values are made from the cache
// once for all tokens of the pass; cheap for many. The way depends on the numbers of tokens alone;
// the two differ in rounding.
class LatentAttention final : public Attention {
 public:
  // `rotation` must outlive it.
  static Result<std::unique_ptr<Attention>> load(const WeightLoader& loader, std::size_t layer,
                                                 std::size_t width, const LatentShape& shape,
                                                 const Rotation& rotation);

  std::unique_ptr<LayerCache> new_cache() const override {
    return std::make_unique<LatentCache>(shape_.latent, shape_.turned, shape_.cache_type);
  }
  void run(Stream& stream, const Pass& pass, std::size_t first, LayerCache& cache,
           const std::vector<float>& norm, const BlockOutput& out) override;

  // Which way is cheaper for `rows` tokens when `keys` can be seen.
  static bool is_absorbed_cheaper(const LatentShape& shape, std::size_t rows, std::size_t keys);

 private:
  struct Buffers {
    float* queries;   // rows x heads x key
    float* latents;   // rows x row
    float* attended;  // rows x heads x value
  };
  // Some queries of all, as floats and as the cache's integers.
  struct Queries {
    const float* numbers;
    const compute::FixedQueries& fixed;
    std::size_t begin;
    std::size_t count;
  };
  // Tokens [begin, begin + count) of the cache; each head's results lie `step` tokens apart.
  struct Stretch {
    std::size_t begin;
    std::size_t count;
    std::size_t step;
  };

  LatentAttention(const LatentShape& shape, const Rotation& rotation)
      : shape_(shape), rotation_(rotation) {}
  Status load_split(const WeightLoader& loader, const std::string& prefix);
  Status load_combined(const WeightLoader& loader, const std::string& prefix);
  void project(Stream& stream, const Pass& pass, const std::vector<float>& norm, LatentCache& cache,
               const Buffers& buffers) const;
  void project_queries(Stream& stream, std::size_t rows, const Buffers& buffers) const;
  // The results of rows [0, rows), the first of which is at the position `begin`.
  void attend_absorbed(Stream& stream, std::size_t begin, std::size_t rows,
                       const LatentCache& cache, const Buffers& buffers);
  void gather_absorbed(Stream& stream, const Pass& pass, const LatentCache& cache,
                       const float* queries, float* gathered);
  compute::FixedQueries fix(Stream& stream, std::size_t count, const LatentCache& cache,
                            const float* queries);
  void attend_stretch(const compute::Kernels& kernels, const LatentCache& cache,
                      const compute::KeyRange& keys, const Queries& queries,
                      const compute::AttentionState& state) const;
  void attend_expanded(Stream& stream, std::size_t begin, std::size_t rows,
                       const LatentCache& cache, const Buffers& buffers) const;
  void expand(Stream& stream, const LatentCache& cache, const Stretch& stretch, float* keys,
              float* values) const;

  LatentShape shape_;
  const Rotation& rotation_;
  compute::Matrix query_;  // from the states, or from query_down_'s normed result
  compute::Matrix query_down_;
  std::vector<float> query_norm_;
  compute::Matrix latent_;  // latent and turned part
  std::vector<float> latent_norm_;
  compute::Matrix absorb_;  // a part for each head: plain -> latent
  compute::Matrix expand_;  // latent -> plain
  compute::Matrix values_;  // latent -> value
  compute::Matrix output_;
  std::vector<std::int16_t> fixed_numbers_;  // of the queries, kept from use to use
};

}  // namespace wenyuan::llm
