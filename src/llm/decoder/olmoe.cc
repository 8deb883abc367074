// Muennighoff et al., "OLMoE: Open Mixture-of-Experts Language Models", 2024: queries and keys of
// all heads are normed together; the weights of the chosen experts stay as they are.
#include "llm/decoder/architectures.h"
#include "llm/decoder/common_parts.h"
#include "llm/decoder/experts.h"

namespace wenyuan::llm {

Result<DecoderParts> load_olmoe(const WeightLoader& loader) {
  DecoderParts parts;
  WY_TRY(const CommonShape common, CommonShape::read(loader));
  WY_TRY(const GroupedShape grouped, read_grouped(loader, common, PairOrder::halves));
  WY_TRY(Rotation read, Rotation::read(loader, grouped.head_size));
  const Rotation& rotation = add_rotation(parts, std::move(read));
  ExpertsShape experts;
  WY_TRY(experts.router, RouterShape::read(loader, {.normalise = false}));
  WY_TRY(experts.inner, read_expert_width(loader));
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
