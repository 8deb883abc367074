// The decoder architectures that we know, each in a file of its own that reads like its paper.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "llm/decoder/transformer.h"
#include "llm/weights.h"

namespace wenyuan::llm {

Result<DecoderParts> load_llama(const WeightLoader& loader);
Result<DecoderParts> load_qwen2(const WeightLoader& loader);
Result<DecoderParts> load_qwen2moe(const WeightLoader& loader);
Result<DecoderParts> load_qwen3(const WeightLoader& loader);
Result<DecoderParts> load_qwen3moe(const WeightLoader& loader);
Result<DecoderParts> load_olmoe(const WeightLoader& loader);
Result<DecoderParts> load_granite(const WeightLoader& loader);
Result<DecoderParts> load_gemma3(const WeightLoader& loader);
Result<DecoderParts> load_deepseek2(const WeightLoader& loader);

struct DecoderArchitecture {
  std::string_view name;  // as in general.architecture
  Result<DecoderParts> (*load)(const WeightLoader&);
};
std::span<const DecoderArchitecture> decoder_architectures();

}  // namespace wenyuan::llm
