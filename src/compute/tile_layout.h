// Where a tile of quantised weights has what: shared by those who write tiles
// and who read them.
//
// A tile is 16 rows of weights. The values of 32 inputs stand in planes: in 64
// bytes, byte 4 * row + i of row `row` is for input 4 * q + i, and planes of
// fewer than 8 bits have several q in a byte, the first one lowest. The low
// bits of the values come first, then the high ones.
//
// Small kinds: the planes of all inputs, then for each 32 inputs 16 half
// scales, and 16 half minima where there are any (MXFP4: 16 exponents).
//
// Super kinds: for each 256 inputs the planes, then the integer scales, then
// the integer minima, then 16 half scales and 16 half minima. Integer scales
// stand in pairs: bytes 2 * row and 2 * row + 1 of 32 are those of two parts
// that follow each other. Q2_K has minima in the same bytes.
#pragma once

#include <cstddef>

#include "compute/weight_integers.h"
#include "compute/weight_type.h"

namespace wenyuan::compute {

struct TileLayout {
  std::size_t planes;  // bytes of 32 inputs
  std::size_t scales;  // bytes of 32 inputs, in super kinds the integer ones of
                       // 256 inputs
  std::size_t minima;  // super kinds: bytes of the integer ones
  std::size_t halves;  // super kinds: bytes of the scales and minima of 256 inputs

  constexpr std::size_t super_bytes() const { return 8 * planes + scales + minima + halves; }
};

constexpr bool is_super(WeightType type) { return weight_block(type).elements == 256; }

constexpr TileLayout tile_layout(WeightType type) {
  const IntegerFormat format = integer_format(type);
  const std::size_t planes = 64 * static_cast<std::size_t>(format.low_bits + format.high_bits);
  const std::size_t halves = format.has_min ? 64 : 32;
  if (!is_super(type)) return {planes, type == WeightType::mxfp4 ? 16 : halves, 0, 0};
  const std::size_t scales = 16 * 256 / format.part;
  const bool has_own_minima = format.has_min && type != WeightType::q2_k;
  return {planes, scales, has_own_minima ? scales : 0, halves};
}

}  // namespace wenyuan::compute
