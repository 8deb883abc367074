// DeepSeek-AI, "DeepSeek-V2", 2024, and "DeepSeek-V3 Technical Report", 2024; also V2-Lite, R1,
// Moonlight and Kimi K2: latent attention, some dense layers first, then experts with shared ones.
#include <cmath>

#include "llm/decoder/architectures.h"
#include "llm/decoder/common_parts.h"
#include "llm/decoder/experts.h"
#include "llm/decoder/feed_forward.h"
#include "llm/decoder/latent_attention.h"

namespace wenyuan::llm {
namespace {

constexpr std::size_t kRankMax = std::size_t{1} << 16;
constexpr std::size_t kInnerMax = std::size_t{1} << 20;

Status check(const LatentShape& shape) {
  const auto fits = [](std::size_t size) { return size % compute::kTileRows == 0; };
  if (fits(shape.latent) && fits(shape.row()) && fits(shape.key()) && fits(shape.value)) {
    return Done{};
  }
  return Error{ErrorCode::unsupported_media,
               "latent attention of " + std::to_string(shape.latent) + " + " +
                   std::to_string(shape.turned) + " numbers, heads of " +
                   std::to_string(shape.key()) + " and " + std::to_string(shape.value)};
}

Result<LatentShape> read_latent(const WeightLoader& loader, const CommonShape& common) {
  LatentShape shape;
  shape.heads = common.heads;
  shape.cache_type = cache_type(loader);
  // Some files write a rank of 0 where others write none.
  const bool is_direct = loader.has("blk.0.attn_q.weight");
  if (!is_direct) {
    WY_TRY(shape.query_rank, loader.size("attention.q_lora_rank", 1, kRankMax));
  }
  WY_TRY(shape.latent, loader.size("attention.kv_lora_rank", 1, kRankMax));
  WY_TRY(shape.turned, loader.size("rope.dimension_count", 2, kRankMax));
  // Older files have the heads' sizes under the plain names.
  const bool is_new = loader.real_or("attention.key_length_mla", 0) > 0;
  WY_TRY(const std::size_t key,
         loader.size(is_new ? "attention.key_length_mla" : "attention.key_length", 1, kRankMax));
  WY_TRY(shape.value, loader.size(is_new ? "attention.value_length_mla" : "attention.value_length",
                                  1, kRankMax));
  if (key <= shape.turned || shape.turned % 2 != 0) {
    return Error{ErrorCode::corrupt, "rope.dimension_count is not an even part of a head's key"};
  }
  shape.plain = key - shape.turned;
  WY_RETURN_IF_ERROR(check(shape));
  if (shape.cache_type == compute::KeyValueType::q8_0 &&
      (shape.row() % 32 != 0 || shape.latent % 32 != 0)) {
    shape.cache_type = compute::KeyValueType::f16;
  }
  shape.scale = 1.0F / std::sqrt(static_cast<float>(key));
  return shape;
}

// With YaRN the scores grow with the stretch of the context; what is turned keeps its length.
Status apply_yarn(const WeightLoader& loader, LatentShape& shape, Rotation& rotation) {
  if (loader.text_or("rope.scaling.type", "none") != "yarn") return Done{};
  const double factor = loader.real_or("rope.scaling.factor", 1);
  // The file has it multiplied by 0.1.
  const double multiplier = loader.real_or("rope.scaling.yarn_log_multiplier", 0) / 0.1;
  const double magnitude = 1 + 0.1 * multiplier * std::log(factor);
  if (!std::isfinite(magnitude)) {
    return Error{ErrorCode::corrupt, "rope.scaling.yarn_log_multiplier is not a usable number"};
  }
  shape.scale *= static_cast<float>(magnitude * magnitude);
  rotation.set_magnitude(1);
  return Done{};
}

Result<ExpertsShape> read_experts(const WeightLoader& loader) {
  ExpertsShape shape;
  WY_TRY(shape.router, RouterShape::read(loader, {.normalise = false}));
  WY_TRY(shape.inner, loader.size("expert_feed_forward_length", 1, kInnerMax));
  WY_TRY(const std::size_t shared, loader.size_or("expert_shared_count", 0, 0, 1024));
  shape.shared_inner = shared * shape.inner;
  return shape;
}

}  // namespace

Result<DecoderParts> load_deepseek2(const WeightLoader& loader) {
  DecoderParts parts;
  WY_TRY(CommonShape common, CommonShape::read(loader));
  // The layers behind the last one, for predicting further tokens, are not run.
  WY_TRY(const std::size_t next, loader.size_or("nextn_predict_layers", 0, 0, common.layers - 1));
  common.layers -= next;
  WY_TRY(LatentShape latent, read_latent(loader, common));
  WY_TRY(Rotation read, Rotation::read(loader, latent.turned));
  WY_RETURN_IF_ERROR(apply_yarn(loader, latent, read));
  const Rotation& rotation = add_rotation(parts, std::move(read));
  WY_TRY(const std::size_t dense_layers,
         loader.size_or("leading_dense_block_count", 0, 0, common.layers));
  std::size_t inner = 0;
  if (dense_layers > 0) {
    WY_TRY(inner, read_inner_width(loader));
  }
  ExpertsShape experts;
  if (dense_layers < common.layers) {
    WY_TRY(experts, read_experts(loader));
  }
  WY_RETURN_IF_ERROR(load_common(
      loader, common,
      [&](std::size_t i, DecoderLayer& layer) -> Status {
        WY_TRY(layer.attention, LatentAttention::load(loader, i, common.width, latent, rotation));
        if (i < dense_layers) {
          WY_TRY(layer.feed_forward, DenseFeedForward::load(loader, i, common.width, inner));
        } else {
          WY_TRY(layer.feed_forward, ExpertFeedForward::load(loader, i, common.width, experts));
        }
        return Done{};
      },
      parts));
  return parts;
}

}  // namespace wenyuan::llm
