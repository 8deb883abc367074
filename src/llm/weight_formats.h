// The formats of a GGUF file's tensors, as people and as the arithmetic call them.
#pragma once

#include <optional>
#include <string_view>

#include "compute/weight_type.h"
#include "llm/gguf.h"

namespace wenyuan::llm {

// "q4_k", "Q4_K", "bf16"; nothing for a name that is none.
std::optional<TensorType> tensor_type(std::string_view name);

// Nothing for a type that the arithmetic cannot read.
std::optional<compute::WeightType> weight_type_of(TensorType type);

}  // namespace wenyuan::llm
