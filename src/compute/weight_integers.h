// The integers inside a block of quantised weights: what its bits say, before
// any scale.
//
// A weight is scale * (value - zero) - min. Types with a table have indices
// into it as values. In blocks of 256, parts of 16 or 32 weights have integer
// scales (and minima) of their own, which are multiplied with those of the
// block.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "compute/weight_type.h"

namespace wenyuan::compute {

// Of one block: 32 or 256 of them are used.
using BlockValues = std::array<std::uint8_t, 256>;

void read_values(WeightType type, const std::uint8_t* block, BlockValues& values);
void write_values(WeightType type, const BlockValues& values, std::uint8_t* block);

// Of the parts of a block of 256.
struct PartScales {
  std::array<std::int8_t, 16> scales{};
  std::array<std::uint8_t, 16> minima{};
};
PartScales read_scales(WeightType type, const std::uint8_t* block);
void write_scales(WeightType type, const PartScales& parts, std::uint8_t* block);

// IQ4_NL and IQ4_XS: closer together near 0, as most weights are.
inline constexpr std::int8_t kCurve[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                           1,    13,   25,  38,  53,  69,  89,  113};
// MXFP4: twice the numbers that a sign, two bits of exponent and one of
// mantissa can say.
inline constexpr std::int8_t kTinyFloats[16] = {0, 1,  2,  3,  4,  6,  8,  12,
                                                0, -1, -2, -3, -4, -6, -8, -12};

// How a type's integers look. Meaningless for F32, F16 and BF16.
struct IntegerFormat {
  int low_bits = 0;  // of each value; in tiles the high ones are stored apart
                     // from the low ones
  int high_bits = 0;
  std::int32_t zero = 0;
  std::size_t part = 32;     // weights that share an integer scale
  std::size_t scale_at = 0;  // where the block has its scale; its minimum, if any, is right behind
  bool has_min = false;
  const std::int8_t* table = nullptr;  // what values stand for
};

constexpr IntegerFormat integer_format(WeightType type) {
  switch (type) {
    case WeightType::f32:
    case WeightType::f16:
    case WeightType::bf16: return {};
    case WeightType::q8_0: return {.low_bits = 8, .zero = 128};
    case WeightType::q4_0: return {.low_bits = 4, .zero = 8};
    case WeightType::q4_1: return {.low_bits = 4, .has_min = true};
    case WeightType::q5_0: return {.low_bits = 4, .high_bits = 1, .zero = 16};
    case WeightType::q5_1: return {.low_bits = 4, .high_bits = 1, .has_min = true};
    case WeightType::iq4_nl: return {.low_bits = 4, .table = kCurve};
    case WeightType::mxfp4: return {.low_bits = 4, .table = kTinyFloats};
    case WeightType::q2_k: return {.low_bits = 2, .part = 16, .scale_at = 80, .has_min = true};
    case WeightType::q3_k:
      return {.low_bits = 2, .high_bits = 1, .zero = 4, .part = 16, .scale_at = 108};
    case WeightType::q4_k: return {.low_bits = 4, .has_min = true};
    case WeightType::q5_k: return {.low_bits = 4, .high_bits = 1, .has_min = true};
    case WeightType::q6_k:
      return {.low_bits = 4, .high_bits = 2, .zero = 32, .part = 16, .scale_at = 208};
    case WeightType::iq4_xs: return {.low_bits = 4, .table = kCurve};
  }
  return {};
}

// Whether its values stand for numbers of a table.
constexpr bool has_table(WeightType type) {
  return type == WeightType::iq4_nl || type == WeightType::iq4_xs || type == WeightType::mxfp4;
}

// The scale that an MXFP4 block has, for twice the numbers: 2^(exponent - 128).
float half_power(std::uint8_t exponent);

}  // namespace wenyuan::compute
