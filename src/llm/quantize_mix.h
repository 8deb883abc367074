// Which format each tensor of a quantized model gets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "llm/gguf.h"

namespace wenyuan::llm {

// The mixes that llama.cpp made customary: most tensors have the format of the name, those that
// suffer most have a better one.
struct QuantizeMix {
  std::string_view name;  // "Q4_K_M"
  TensorType base;
  std::uint32_t file_type;  // general.file_type
};

// In any case: "q4_k_m"; Q4_K is Q4_K_M and so on. Nothing for a name that is none.
std::optional<QuantizeMix> quantize_mix(std::string_view name);
std::vector<std::string_view> quantize_mix_names();

// What the choice depends on besides the tensor.
struct MixFacts {
  std::int64_t layers = 0;
  std::int64_t experts = 0;
  std::int64_t heads_a_key = 1;  // query heads that share keys
  bool has_output = false;       // else the embeddings are the output too
  bool has_importance = false;

  static MixFacts of(const Gguf& file, bool has_importance);
};

// Norms, biases, routers and the like keep the format that they have.
TensorType mixed_type(const QuantizeMix& mix, const MixFacts& facts, const TensorView& tensor);

}  // namespace wenyuan::llm
