// Yang et al., "Qwen3 Technical Report", 2025: every head's query and key is normed before it is
// turned. The larger sibling has experts and no shared ones.
#include "llm/decoder/architectures.h"
#include "llm/decoder/common_parts.h"
#include "llm/decoder/experts.h"
#include "llm/decoder/feed_forward.h"

namespace wenyuan::llm {

Result<DecoderParts> load_qwen3(const WeightLoader& loader) { return load_qwen2(loader); }

Result<DecoderParts> load_qwen3moe(const WeightLoader& loader) {
  DecoderParts parts;
  WY_TRY(const CommonShape common, CommonShape::read(loader));
  WY_TRY(const GroupedShape grouped, read_grouped(loader, common, PairOrder::halves));
  WY_TRY(Rotation read, Rotation::read(loader, grouped.head_size));
  const Rotation& rotation = add_rotation(parts, std::move(read));
  ExpertsShape experts;
  WY_TRY(experts.router, RouterShape::read(loader, {.normalise = true}));
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
