// Muennighoff et al., "OLMoE: Open Mixture-of-Experts Language Models", 2024: queries and keys of
// all heads are normed together; the weights of the chosen experts stay as they are.
#include "llm/decoder/architectures.h"
#include "llm/decoder/common_parts.h"

namespace wenyuan::llm {

Result<DecoderParts> load_olmoe(const WeightLoader& loader) {
  return load_expert_decoder(loader, PairOrder::halves, {.normalise = false});
}

}  // namespace wenyuan::llm
