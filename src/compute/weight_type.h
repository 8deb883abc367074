// The number formats that weights are stored in, and their plain decoding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace wenyuan::compute {

enum class WeightType {
  f32,
  f16,
  bf16,
  q8_0,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q2_k,
  q3_k,
  q4_k,
  q5_k,
  q6_k,
  iq4_nl,
  iq4_xs,
  mxfp4,
};

struct WeightBlock {
  std::size_t elements;
  std::size_t bytes;
};

constexpr WeightBlock weight_block(WeightType type) {
  switch (type) {
    case WeightType::f32: return {1, 4};
    case WeightType::f16:
    case WeightType::bf16: return {1, 2};
    case WeightType::q8_0: return {32, 34};
    case WeightType::q4_0:
    case WeightType::iq4_nl: return {32, 18};
    case WeightType::q4_1: return {32, 20};
    case WeightType::q5_0: return {32, 22};
    case WeightType::q5_1: return {32, 24};
    case WeightType::mxfp4: return {32, 17};
    case WeightType::q2_k: return {256, 84};
    case WeightType::q3_k: return {256, 110};
    case WeightType::q4_k: return {256, 144};
    case WeightType::q5_k: return {256, 176};
    case WeightType::q6_k: return {256, 210};
    case WeightType::iq4_xs: return {256, 136};
  }
  return {1, 4};
}

constexpr std::size_t row_bytes(WeightType type, std::size_t elements) {
  return elements / weight_block(type).elements * weight_block(type).bytes;
}

// Decodes out.size() elements, a whole number of blocks. The reference that
// every kernel is measured against.
void dequantize(WeightType type, const std::uint8_t* blocks, std::span<float> out);

}  // namespace wenyuan::compute
