// What the tests of compute share: random weights in every format, and the instruction sets here.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "base/half.h"
#include "compute/kernels.h"
#include "compute/weight_type.h"

namespace wenyuan::compute {

inline const std::vector<WeightType>& all_weight_types() {
  static const std::vector<WeightType> types = {
      WeightType::f32,  WeightType::f16,  WeightType::bf16, WeightType::q8_0,
      WeightType::q4_0, WeightType::q4_1, WeightType::q5_0, WeightType::q5_1,
      WeightType::q4_k, WeightType::q5_k, WeightType::q6_k};
  return types;
}

inline std::vector<const Kernels*> kernels_here() {
  std::vector<const Kernels*> result;
  for (const auto set : {InstructionSet::plain, InstructionSet::avx2, InstructionSet::avx512}) {
    if (is_supported(set)) result.push_back(&kernels(set));
  }
  return result;
}

inline std::vector<float> random_floats(std::size_t count, std::uint32_t seed, float scale = 1) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float& value : values) {
    value = (static_cast<float>(random() % 20001) / 10000.0F - 1.0F) * scale;
  }
  return values;
}

inline void put_half(std::uint8_t* at, float value) {
  const std::uint16_t half = float_to_half(value);
  at[0] = static_cast<std::uint8_t>(half & 0xFF);
  at[1] = static_cast<std::uint8_t>(half >> 8);
}

// Random blocks whose scales are small numbers.
inline std::vector<std::uint8_t> random_weights(WeightType type, std::size_t elements,
                                                std::uint32_t seed) {
  std::mt19937 random(seed);
  const WeightBlock block = weight_block(type);
  std::vector<std::uint8_t> bytes(elements / block.elements * block.bytes);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  for (std::size_t at = 0; at < bytes.size(); at += block.bytes) {
    std::uint8_t* own = bytes.data() + at;
    const float value = static_cast<float>(random() % 2001) / 1000.0F - 1.0F;
    if (type == WeightType::f32) {
      const auto bits = std::bit_cast<std::uint32_t>(value);
      for (std::size_t i = 0; i < 4; ++i) own[i] = static_cast<std::uint8_t>(bits >> (8 * i));
    } else if (type == WeightType::bf16) {
      const auto bits = std::bit_cast<std::uint32_t>(value);
      own[0] = static_cast<std::uint8_t>(bits >> 16);
      own[1] = static_cast<std::uint8_t>(bits >> 24);
    } else if (type == WeightType::q6_k) {
      put_half(own + 208, value * 0.001F);
    } else {
      const bool is_super = block.elements == 256;
      put_half(own, is_super ? value * 0.001F : value * 0.05F);
      const bool has_min = is_super || type == WeightType::q4_1 || type == WeightType::q5_1;
      if (has_min) put_half(own + 2, is_super ? value * 0.0005F : -value * 0.2F);
    }
  }
  return bytes;
}

}  // namespace wenyuan::compute
