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
      WeightType::f32,  WeightType::f16,    WeightType::bf16,   WeightType::q8_0,
      WeightType::q4_0, WeightType::q4_1,   WeightType::q5_0,   WeightType::q5_1,
      WeightType::q2_k, WeightType::q3_k,   WeightType::q4_k,   WeightType::q5_k,
      WeightType::q6_k, WeightType::iq4_nl, WeightType::iq4_xs, WeightType::mxfp4};
  return types;
}

inline std::vector<const Kernels*> kernels_here() {
  std::vector<const Kernels*> result;
  for (const auto set :
       {InstructionSet::plain, InstructionSet::avx2, InstructionSet::avx512, InstructionSet::amx}) {
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

// Where a block has its half-precision scale, and its minimum if it has one.
struct ScalePlace {
  std::size_t scale = 0;
  bool has_min = false;
};
inline ScalePlace scale_place(WeightType type) {
  switch (type) {
    case WeightType::q4_1:
    case WeightType::q5_1:
    case WeightType::q4_k:
    case WeightType::q5_k: return {0, true};
    case WeightType::q2_k: return {80, true};
    case WeightType::q3_k: return {108, false};
    case WeightType::q6_k: return {208, false};
    default: return {0, false};
  }
}

inline void put_random_scale(WeightType type, float value, std::uint8_t* block) {
  const ScalePlace place = scale_place(type);
  const auto bits = std::bit_cast<std::uint32_t>(value);
  switch (type) {
    case WeightType::f32:
      for (std::size_t i = 0; i < 4; ++i) block[i] = static_cast<std::uint8_t>(bits >> (8 * i));
      return;
    case WeightType::bf16:
      block[0] = static_cast<std::uint8_t>(bits >> 16);
      block[1] = static_cast<std::uint8_t>(bits >> 24);
      return;
    case WeightType::f16: put_half(block, value); return;
    case WeightType::mxfp4: block[0] = static_cast<std::uint8_t>(122.0F + value * 2.0F); return;
    case WeightType::q8_0:
    case WeightType::iq4_nl: put_half(block, value * 0.01F); return;
    default: break;
  }
  const bool is_super = weight_block(type).elements == 256;
  put_half(block + place.scale, is_super ? value * 0.001F : value * 0.05F);
  if (place.has_min) {
    put_half(block + place.scale + 2, is_super ? value * 0.0005F : -value * 0.2F);
  }
}

// Random blocks whose scales are small numbers.
inline std::vector<std::uint8_t> random_weights(WeightType type, std::size_t elements,
                                                std::uint32_t seed) {
  std::mt19937 random(seed);
  const WeightBlock block = weight_block(type);
  std::vector<std::uint8_t> bytes(elements / block.elements * block.bytes);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  for (std::size_t at = 0; at < bytes.size(); at += block.bytes) {
    put_random_scale(type, static_cast<float>(random() % 2001) / 1000.0F - 1.0F, bytes.data() + at);
  }
  return bytes;
}

}  // namespace wenyuan::compute
