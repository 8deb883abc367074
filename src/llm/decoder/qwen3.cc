// Yang et al., "Qwen3 Technical Report", 2025: every head's query and key is normed before it is
// turned. The larger sibling has experts and no shared ones.
#include "llm/decoder/architectures.h"
#include "llm/decoder/common_parts.h"

namespace wenyuan::llm {

Result<DecoderParts> load_qwen3(const WeightLoader& loader) { return load_qwen2(loader); }

Result<DecoderParts> load_qwen3moe(const WeightLoader& loader) {
  return load_expert_decoder(loader, PairOrder::halves, {.normalise = true});
}

}  // namespace wenyuan::llm
