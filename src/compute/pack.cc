#include "compute/pack.h"

#include <array>
#include <cstring>

#include "base/assert.h"

namespace wenyuan::compute {
namespace {

// 32 weights of one row as unsigned integers in the order of the inputs.
using GroupValues = std::array<std::uint8_t, 32>;

void nibbles_of(const std::uint8_t* quants, GroupValues& values) {
  for (std::size_t i = 0; i < 16; ++i) {
    values[i] = quants[i] & 15;
    values[i + 16] = quants[i] >> 4;
  }
}

void add_fifth_bits(const std::uint8_t* at, GroupValues& values) {
  std::uint32_t bits;
  std::memcpy(&bits, at, sizeof bits);
  for (std::size_t i = 0; i < 32; ++i) {
    values[i] = static_cast<std::uint8_t>(values[i] | (((bits >> i) & 1U) << 4));
  }
}

// The values of a block of 32; its half-precision scale (and minimum) come first in all of these.
void small_values(WeightType type, const std::uint8_t* block, GroupValues& values) {
  switch (type) {
    case WeightType::q8_0:
      for (std::size_t i = 0; i < 32; ++i) {
        values[i] = static_cast<std::uint8_t>(block[2 + i] ^ 0x80);
      }
      return;
    case WeightType::q4_0: return nibbles_of(block + 2, values);
    case WeightType::q4_1: return nibbles_of(block + 4, values);
    case WeightType::q5_0: nibbles_of(block + 6, values); return add_fifth_bits(block + 2, values);
    case WeightType::q5_1: nibbles_of(block + 8, values); return add_fifth_bits(block + 4, values);
    default: WY_ASSERT(false);
  }
}

void super_values(WeightType type, const std::uint8_t* block, std::array<std::uint8_t, 256>& out) {
  if (type == WeightType::q6_k) {
    q6_k_values(block, out);
    return;
  }
  const bool five_bits = type == WeightType::q5_k;
  const std::uint8_t* high = block + 16;
  const std::uint8_t* low = block + (five_bits ? 48 : 16);
  for (std::size_t i = 0; i < 256; ++i) {
    const std::size_t group = i / 32;
    const std::uint8_t pair = low[32 * (group / 2) + i % 32];
    int value = group % 2 == 0 ? pair & 15 : pair >> 4;
    if (five_bits) value |= ((high[i % 32] >> group) & 1) << 4;
    out[i] = static_cast<std::uint8_t>(value);
  }
}

// Puts the values of one row into its lane of the group.
void interleave(const std::uint8_t* values, bool nibbles, std::size_t lane, std::uint8_t* group) {
  for (std::size_t i = 0; i < 32; ++i) {
    const std::size_t four = i / 4;
    if (nibbles) {
      std::uint8_t& pair = group[64 * (four / 2) + 4 * lane + i % 4];
      pair = static_cast<std::uint8_t>(pair | (four % 2 == 0 ? values[i] : values[i] << 4));
    } else {
      group[64 * four + 4 * lane + i % 4] = values[i];
    }
  }
}

bool has_nibbles(WeightType type) {
  return type == WeightType::q4_0 || type == WeightType::q4_1 || type == WeightType::q4_k;
}

bool has_small_min(WeightType type) { return type == WeightType::q4_1 || type == WeightType::q5_1; }

void pack_small(WeightType type, const std::uint8_t* row, std::size_t inputs, std::size_t lane,
                std::uint8_t* tile) {
  const TileFormat format = tile_format(type);
  const std::size_t values_size = has_nibbles(type) ? 256 : 512;
  for (std::size_t g = 0; g < inputs / 32; ++g) {
    const std::uint8_t* block = row + g * weight_block(type).bytes;
    std::uint8_t* group = tile + g * format.step_bytes;
    GroupValues values;
    small_values(type, block, values);
    interleave(values.data(), has_nibbles(type), lane, group);
    std::memcpy(group + values_size + 2 * lane, block, 2);
    if (has_small_min(type)) std::memcpy(group + values_size + 32 + 2 * lane, block + 2, 2);
  }
}

void pack_super(WeightType type, const std::uint8_t* row, std::size_t inputs, std::size_t lane,
                std::uint8_t* tile) {
  const std::size_t values_size = has_nibbles(type) ? 256 : 512;
  const std::size_t group_size = values_size + 32;
  const bool six = type == WeightType::q6_k;
  for (std::size_t s = 0; s < inputs / 256; ++s) {
    const std::uint8_t* block = row + s * weight_block(type).bytes;
    std::uint8_t* super = tile + s * tile_format(type).step_bytes;
    std::array<std::uint8_t, 256> values;
    super_values(type, block, values);
    for (std::size_t g = 0; g < 8; ++g) {
      std::uint8_t* group = super + g * group_size;
      interleave(values.data() + 32 * g, has_nibbles(type), lane, group);
      const ScaleAndMin own =
          six ? ScaleAndMin{block[192 + 2 * g], block[193 + 2 * g]} : k_scale_and_min(block + 4, g);
      group[values_size + lane] = own.scale;
      group[values_size + 16 + lane] = own.min;
    }
    std::uint8_t* footer = super + 8 * group_size;
    std::memcpy(footer + 2 * lane, six ? block + 208 : block, 2);
    if (!six) std::memcpy(footer + 32 + 2 * lane, block + 2, 2);
  }
}

void pack_dense(std::size_t element, const std::uint8_t* row, std::size_t inputs, std::size_t lane,
                std::uint8_t* tile) {
  for (std::size_t i = 0; i < inputs; ++i) {
    std::memcpy(tile + (i * kTileRows + lane) * element, row + i * element, element);
  }
}

}  // namespace

TileFormat tile_format(WeightType type) {
  using Form = ActivationForm;
  using Tiles = TileKernels;
  switch (type) {
    case WeightType::f32: return {Form::floats, 1, 64, 0, nullptr, &Tiles::dense_f32};
    case WeightType::f16: return {Form::floats, 1, 32, 0, nullptr, &Tiles::dense_f16};
    case WeightType::bf16: return {Form::floats, 1, 32, 0, nullptr, &Tiles::dense_bf16};
    case WeightType::q8_0: return {Form::int8_by_32, 32, 544, 128, &Tiles::bytes, nullptr};
    case WeightType::q4_0: return {Form::int8_by_32, 32, 288, 8, &Tiles::nibbles, nullptr};
    case WeightType::q4_1: return {Form::int8_by_32, 32, 320, 0, &Tiles::nibbles_min, nullptr};
    case WeightType::q5_0: return {Form::int8_by_32, 32, 544, 16, &Tiles::bytes, nullptr};
    case WeightType::q5_1: return {Form::int8_by_32, 32, 576, 0, &Tiles::bytes_min, nullptr};
    case WeightType::q4_k:
      return {Form::int8_by_256, 256, 8 * 288 + 64, 0, &Tiles::super_nibbles, nullptr};
    case WeightType::q5_k:
      return {Form::int8_by_256, 256, 8 * 544 + 64, 0, &Tiles::super_bytes, nullptr};
    case WeightType::q6_k:
      return {Form::int8_by_256, 256, 8 * 544 + 64, 32, &Tiles::super_halves, nullptr};
  }
  return {};
}

void pack_tile(WeightType type, const std::uint8_t* weights, std::size_t rows, std::size_t inputs,
               std::uint8_t* out) {
  WY_ASSERT(rows <= kTileRows);
  const TileFormat format = tile_format(type);
  for (std::size_t lane = 0; lane < rows; ++lane) {
    const std::uint8_t* row = weights + lane * row_bytes(type, inputs);
    switch (format.form) {
      case ActivationForm::floats:
        pack_dense(weight_block(type).bytes, row, inputs, lane, out);
        break;
      case ActivationForm::int8_by_32: pack_small(type, row, inputs, lane, out); break;
      case ActivationForm::int8_by_256: pack_super(type, row, inputs, lane, out); break;
    }
  }
}

}  // namespace wenyuan::compute
