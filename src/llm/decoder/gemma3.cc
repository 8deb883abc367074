// Gemma Team, "Gemma 3 Technical Report", 2025: a norm before and behind every block, normed
// queries and keys, and five layers that see a window for each that sees everything.
#include <cmath>

#include "llm/decoder/architectures.h"
#include "llm/decoder/common_parts.h"
#include "llm/decoder/feed_forward.h"

namespace wenyuan::llm {
namespace {

constexpr std::size_t kLayersOf27B = 62;
constexpr std::size_t kWindowMax = std::size_t{1} << 24;

}  // namespace

Result<DecoderParts> load_gemma3(const WeightLoader& loader) {
  DecoderParts parts;
  WY_TRY(const CommonShape common, CommonShape::read(loader));
  WY_TRY(const std::size_t inner, read_inner_width(loader));
  WY_TRY(GroupedShape global, read_grouped(loader, common, PairOrder::halves));
  if (common.layers == kLayersOf27B) {
    global.scale = 1.0F / std::sqrt(static_cast<float>(common.width / common.heads));
  }
  const double scale = loader.real_or("attention.scale", 0);
  if (scale > 0 && std::isfinite(scale)) global.scale = static_cast<float>(scale);
  GroupedShape local = global;
  WY_TRY(local.window, loader.size_or("attention.sliding_window", 0, 0, kWindowMax));
  WY_TRY(const std::size_t period,
         loader.size_or("attention.sliding_window_pattern", 6, 1, common.layers + 6));
  WY_TRY(Rotation read_global, Rotation::read(loader, global.head_size));
  WY_TRY(Rotation read_local,
         Rotation::read_plain(loader, global.head_size, "rope.freq_base_swa", 10000));
  const Rotation& global_rotation = add_rotation(parts, std::move(read_global));
  const Rotation& local_rotation = add_rotation(parts, std::move(read_local));
  parts.embedding_scale = std::sqrt(static_cast<float>(common.width));
  parts.logit_cap = static_cast<float>(loader.real_or("final_logit_softcapping", 0));
  WY_RETURN_IF_ERROR(load_common(
      loader, common,
      [&](std::size_t i, DecoderLayer& layer) -> Status {
        const std::string prefix = "blk." + std::to_string(i) + ".";
        const bool is_local = local.window != 0 && i % period != period - 1;
        WY_TRY(layer.attention,
               GroupedAttention::load(loader, i, common.width, is_local ? local : global,
                                      is_local ? local_rotation : global_rotation));
        WY_TRY(layer.attention_post_norm,
               loader.vector(prefix + "post_attention_norm.weight", common.width));
        WY_TRY(layer.feed_forward,
               DenseFeedForward::load(loader, i, common.width, inner, Gate::gelu));
        WY_TRY(layer.inner_post_norm, loader.vector(prefix + "post_ffw_norm.weight", common.width));
        return Done{};
      },
      parts));
  return parts;
}

}  // namespace wenyuan::llm
