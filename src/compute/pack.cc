#include "compute/pack.h"

#include <array>
#include <cstring>

#include "base/assert.h"
#include "compute/tile_layout.h"

namespace wenyuan::compute {
namespace {

// The values of up to 16 rows of a block, four inputs in a word: [input / 4][lane].
using Words = std::array<std::array<std::uint32_t, kTileRows>, 64>;

void set_words(const BlockValues& values, std::size_t count, std::size_t lane, Words& words) {
  for (std::size_t four = 0; four < count / 4; ++four) {
    std::memcpy(&words[four][lane], values.data() + 4 * four, 4);
  }
}

// Adds `bits` of each of 32 inputs, from bit `shift` on, to a plane.
void add_plane(const Words& words, std::size_t first, int bits, int shift, std::uint8_t* plane) {
  const std::uint32_t mask = 0x01010101U * ((1U << bits) - 1);
  for (std::size_t four = 0; four < 8; ++four) {
    const std::size_t bit = four * static_cast<std::size_t>(bits);
    std::array<std::uint32_t, kTileRows> line;
    std::memcpy(line.data(), plane + 64 * (bit / 8), sizeof line);
    for (std::size_t lane = 0; lane < kTileRows; ++lane) {
      line[lane] |= ((words[first + four][lane] >> shift) & mask) << (bit % 8);
    }
    std::memcpy(plane + 64 * (bit / 8), line.data(), sizeof line);
  }
}

// The planes of the 32 inputs from word `first` on.
void add_planes(const IntegerFormat& format, const Words& words, std::size_t first,
                std::uint8_t* planes) {
  add_plane(words, first, format.low_bits, 0, planes);
  if (format.high_bits == 0) return;
  add_plane(words, first, format.high_bits, format.low_bits, planes + 64 * format.low_bits);
}

void pack_small_scales(WeightType type, const std::uint8_t* block, std::size_t lane,
                       std::uint8_t* out) {
  if (type == WeightType::mxfp4) {
    out[lane] = block[0];
    return;
  }
  std::memcpy(out + 2 * lane, block, 2);
  if (integer_format(type).has_min) std::memcpy(out + 32 + 2 * lane, block + 2, 2);
}

void pack_super_scales(WeightType type, const std::uint8_t* block, std::size_t lane,
                       std::uint8_t* out) {
  const IntegerFormat format = integer_format(type);
  const TileLayout layout = tile_layout(type);
  const PartScales parts = read_scales(type, block);
  for (std::size_t part = 0; part < 256 / format.part; ++part) {
    const std::size_t at = 32 * (part / 2) + 2 * lane + part % 2;
    if (type == WeightType::q2_k) {
      out[at] = static_cast<std::uint8_t>(parts.scales[part] | (parts.minima[part] << 4));
    } else {
      out[at] = static_cast<std::uint8_t>(parts.scales[part]);
      if (format.has_min) out[layout.scales + at] = parts.minima[part];
    }
  }
  std::uint8_t* halves = out + layout.scales + layout.minima;
  std::memcpy(halves + 2 * lane, block + format.scale_at, 2);
  if (format.has_min) std::memcpy(halves + 32 + 2 * lane, block + format.scale_at + 2, 2);
}

void pack_quants(WeightType type, const std::uint8_t* weights, std::size_t rows, std::size_t inputs,
                 std::uint8_t* tile) {
  const IntegerFormat format = integer_format(type);
  const TileLayout layout = tile_layout(type);
  const WeightBlock size = weight_block(type);
  const std::size_t planes = size.elements / 32 * layout.planes;
  for (std::size_t b = 0; b < inputs / size.elements; ++b) {
    Words words{};
    for (std::size_t lane = 0; lane < rows; ++lane) {
      const std::uint8_t* block = weights + lane * row_bytes(type, inputs) + b * size.bytes;
      BlockValues values;
      read_values(type, block, values);
      set_words(values, size.elements, lane, words);
      (is_super(type) ? pack_super_scales : pack_small_scales)(type, block, lane, tile + planes);
    }
    for (std::size_t g = 0; g < size.elements / 32; ++g) {
      add_planes(format, words, 8 * g, tile + g * layout.planes);
    }
    tile += tile_format(type).step_bytes;
  }
}

void pack_dense(std::size_t element, const std::uint8_t* row, std::size_t inputs, std::size_t lane,
                std::uint8_t* tile) {
  for (std::size_t i = 0; i < inputs; ++i) {
    std::memcpy(tile + (i * kTileRows + lane) * element, row + i * element, element);
  }
}

TileFormat quant_format(WeightType type, void (*TileKernels::*kernel)(const QuantTile&)) {
  const TileLayout layout = tile_layout(type);
  if (is_super(type)) {
    return {ActivationForm::int8_by_256, 256, layout.super_bytes(), kernel, nullptr};
  }
  return {ActivationForm::int8_by_32, 32, layout.planes + layout.scales, kernel, nullptr};
}

}  // namespace

TileFormat tile_format(WeightType type) {
  using Form = ActivationForm;
  using Tiles = TileKernels;
  switch (type) {
    case WeightType::f32: return {Form::floats, 1, 64, nullptr, &Tiles::dense_f32};
    case WeightType::f16: return {Form::floats, 1, 32, nullptr, &Tiles::dense_f16};
    case WeightType::bf16: return {Form::floats, 1, 32, nullptr, &Tiles::dense_bf16};
    case WeightType::q8_0: return quant_format(type, &Tiles::q8_0);
    case WeightType::q4_0: return quant_format(type, &Tiles::q4_0);
    case WeightType::q4_1: return quant_format(type, &Tiles::q4_1);
    case WeightType::q5_0: return quant_format(type, &Tiles::q5_0);
    case WeightType::q5_1: return quant_format(type, &Tiles::q5_1);
    case WeightType::q2_k: return quant_format(type, &Tiles::q2_k);
    case WeightType::q3_k: return quant_format(type, &Tiles::q3_k);
    case WeightType::q4_k: return quant_format(type, &Tiles::q4_k);
    case WeightType::q5_k: return quant_format(type, &Tiles::q5_k);
    case WeightType::q6_k: return quant_format(type, &Tiles::q6_k);
    case WeightType::iq4_nl: return quant_format(type, &Tiles::iq4_nl);
    case WeightType::iq4_xs: return quant_format(type, &Tiles::iq4_xs);
    case WeightType::mxfp4: return quant_format(type, &Tiles::mxfp4);
  }
  return {};
}

void pack_tile(WeightType type, const std::uint8_t* weights, std::size_t rows, std::size_t inputs,
               std::uint8_t* out) {
  WY_ASSERT(rows <= kTileRows);
  if (tile_format(type).form != ActivationForm::floats) {
    return pack_quants(type, weights, rows, inputs, out);
  }
  for (std::size_t lane = 0; lane < rows; ++lane) {
    pack_dense(weight_block(type).bytes, weights + lane * row_bytes(type, inputs), inputs, lane,
               out);
  }
}

}  // namespace wenyuan::compute
