// Yang et al., "Qwen2 Technical Report", 2024: biases on queries, keys and values. The larger
// sibling has experts, and shared ones whose share of the result each token decides.
#include "llm/decoder/architectures.h"
#include "llm/decoder/common_parts.h"
#include "llm/decoder/experts.h"
#include "llm/decoder/feed_forward.h"

namespace wenyuan::llm {

Result<DecoderParts> load_qwen2(const WeightLoader& loader) {
  DecoderParts parts;
  WY_TRY(const CommonShape common, CommonShape::read(loader));
  WY_TRY(const std::size_t inner, read_inner_width(loader));
  WY_TRY(const GroupedShape grouped, read_grouped(loader, common, PairOrder::halves));
  WY_TRY(Rotation read, Rotation::read(loader, grouped.head_size));
  const Rotation& rotation = add_rotation(parts, std::move(read));
  WY_RETURN_IF_ERROR(load_common(
      loader, common,
      [&](std::size_t i, DecoderLayer& layer) -> Status {
        WY_TRY(layer.attention, GroupedAttention::load(loader, i, common.width, grouped, rotation));
        WY_TRY(layer.feed_forward, DenseFeedForward::load(loader, i, common.width, inner));
        return Done{};
      },
      parts));
  return parts;
}

Result<DecoderParts> load_qwen2moe(const WeightLoader& loader) {
  DecoderParts parts;
  WY_TRY(const CommonShape common, CommonShape::read(loader));
  WY_TRY(const std::size_t inner, read_inner_width(loader));
  WY_TRY(const GroupedShape grouped, read_grouped(loader, common, PairOrder::halves));
  WY_TRY(Rotation read, Rotation::read(loader, grouped.head_size));
  const Rotation& rotation = add_rotation(parts, std::move(read));
  ExpertsShape experts;
  WY_TRY(experts.router, RouterShape::read(loader, {.normalise = false}));
  WY_TRY(experts.inner,
         loader.size_or("expert_feed_forward_length", inner / experts.router.used, 1, inner));
  WY_TRY(experts.shared_inner,
         loader.size_or("expert_shared_feed_forward_length", inner, 1, std::size_t{1} << 20));
  WY_RETURN_IF_ERROR(load_common(
      loader, common,
      [&](std::size_t i, DecoderLayer& layer) -> Status {
        WY_TRY(layer.attention, GroupedAttention::load(loader, i, common.width, grouped, rotation));
        WY_TRY(layer.feed_forward, ExpertFeedForward::load(loader, i, common.width, experts));
        return Done{};
      },
      parts));
  return parts;
}

}  // namespace wenyuan::llm
