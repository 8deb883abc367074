// Touvron et al., "LLaMA: Open and Efficient Foundation Language Models", 2023. Mixtral's files
// have this name too: Jiang et al., "Mixtral of Experts", 2024.
#include "llm/decoder/architectures.h"
#include "llm/decoder/common_parts.h"
#include "llm/decoder/experts.h"
#include "llm/decoder/feed_forward.h"

namespace wenyuan::llm {

Result<DecoderParts> load_llama(const WeightLoader& loader) {
  DecoderParts parts;
  WY_TRY(const CommonShape common, CommonShape::read(loader));
  WY_TRY(const std::size_t inner, read_inner_width(loader));
  WY_TRY(const GroupedShape grouped, read_grouped(loader, common, PairOrder::neighbours));
  WY_TRY(const std::size_t rotated, read_rotated(loader, grouped.head_size));
  WY_TRY(Rotation read, Rotation::read(loader, rotated));
  const Rotation& rotation = add_rotation(parts, std::move(read));
  ExpertsShape experts;
  const bool has_experts = loader.real_or("expert_count", 0) > 0;
  if (has_experts) {
    WY_TRY(experts.router, RouterShape::read(loader, {.normalise = true}));
    WY_TRY(experts.inner, read_expert_width(loader));
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
