#include "llm/weight_formats.h"

#include "base/text.h"

namespace wenyuan::llm {
namespace {

constexpr TensorType kTypes[] = {
    TensorType::f32,  TensorType::f16,    TensorType::bf16,   TensorType::q8_0,
    TensorType::q4_0, TensorType::q4_1,   TensorType::q5_0,   TensorType::q5_1,
    TensorType::q2_k, TensorType::q3_k,   TensorType::q4_k,   TensorType::q5_k,
    TensorType::q6_k, TensorType::iq4_nl, TensorType::iq4_xs, TensorType::mxfp4};

}  // namespace

std::optional<TensorType> tensor_type(std::string_view wanted) {
  const std::string lower = to_lower_ascii(wanted);
  for (const TensorType type : kTypes) {
    if (to_lower_ascii(name(type)) == lower) return type;
  }
  return std::nullopt;
}

std::optional<compute::WeightType> weight_type_of(TensorType type) {
  using compute::WeightType;
  switch (type) {
    case TensorType::f32: return WeightType::f32;
    case TensorType::f16: return WeightType::f16;
    case TensorType::bf16: return WeightType::bf16;
    case TensorType::q8_0: return WeightType::q8_0;
    case TensorType::q4_0: return WeightType::q4_0;
    case TensorType::q4_1: return WeightType::q4_1;
    case TensorType::q5_0: return WeightType::q5_0;
    case TensorType::q5_1: return WeightType::q5_1;
    case TensorType::q2_k: return WeightType::q2_k;
    case TensorType::q3_k: return WeightType::q3_k;
    case TensorType::q4_k: return WeightType::q4_k;
    case TensorType::q5_k: return WeightType::q5_k;
    case TensorType::q6_k: return WeightType::q6_k;
    case TensorType::iq4_nl: return WeightType::iq4_nl;
    case TensorType::iq4_xs: return WeightType::iq4_xs;
    case TensorType::mxfp4: return WeightType::mxfp4;
    case TensorType::i32: return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace wenyuan::llm
