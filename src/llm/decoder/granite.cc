// IBM Research, "Granite 3.0 Language Models", 2024: embeddings, results of blocks, scores and
// logits are scaled. With and without experts.
#include <cmath>

#include "llm/decoder/architectures.h"
#include "llm/decoder/common_parts.h"
#include "llm/decoder/experts.h"
#include "llm/decoder/feed_forward.h"

namespace wenyuan::llm {
namespace {

Result<float> scale(const WeightLoader& loader, const char* key, float fallback) {
  const double value = loader.real_or(key, 0);
  if (!std::isfinite(value) || value < 0) {
    return Error{ErrorCode::corrupt, loader.key(key) + " is not a positive number"};
  }
  return value == 0 ? fallback : static_cast<float>(value);
}

}  // namespace

Result<DecoderParts> load_granite(const WeightLoader& loader) {
  DecoderParts parts;
  WY_TRY(const CommonShape common, CommonShape::read(loader));
  WY_TRY(const std::size_t inner, read_inner_width(loader));
  WY_TRY(GroupedShape grouped, read_grouped(loader, common, PairOrder::neighbours));
  WY_TRY(grouped.scale, scale(loader, "attention.scale", grouped.scale));
  WY_TRY(parts.embedding_scale, scale(loader, "embedding_scale", 1));
  WY_TRY(parts.residual_scale, scale(loader, "residual_scale", 1));
  WY_TRY(const float logit_divisor, scale(loader, "logit_scale", 1));
  parts.logit_scale = 1.0F / logit_divisor;
  WY_TRY(Rotation read, Rotation::read(loader, grouped.head_size));
  const Rotation& rotation = add_rotation(parts, std::move(read));
  ExpertsShape experts;
  const bool has_experts = loader.real_or("expert_count", 0) > 0;
  if (has_experts) {
    WY_TRY(experts.router, RouterShape::read(loader, {.normalise = true}));
    WY_TRY(experts.inner, read_expert_width(loader));
    WY_TRY(experts.shared_inner,
           loader.size_or("expert_shared_feed_forward_length", 0, 0, std::size_t{1} << 20));
  }
  WY_RETURN_IF_ERROR(load_common(
      loader, common,
      [&](std::size_t i, DecoderLayer& layer) -> Status {
        WY_TRY(layer.attention, GroupedAttention::load(loader, i, common.width, grouped, rotation));
        if (has_experts) {
          WY_TRY(layer.feed_forward, ExpertFeedForward::load(loader, i, common.width, experts));
        } else {
          WY_TRY(layer.feed_forward, DenseFeedForward::load(loader, i, common.width, inner));
        }
        return Done{};
      },
      parts));
  return parts;
}

}  // namespace wenyuan::llm
