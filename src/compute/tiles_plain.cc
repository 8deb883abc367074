#include <algorithm>

#include "base/half.h"
#include "compute/kernels.h"
#include "compute/tile_layout.h"

namespace wenyuan::compute {
namespace {

std::uint16_t word(const std::uint8_t* at) {
  return static_cast<std::uint16_t>(at[0] | (at[1] << 8));
}

struct PartScale {
  int scale;
  int min;
};

// What the value of input `i` (0 to 31) in row `lane` stands for, given the
// planes of its group.
template <WeightType type>
int value(const std::uint8_t* planes, std::size_t i, std::size_t lane) {
  constexpr IntegerFormat kFormat = integer_format(type);
  const std::uint8_t* at = planes + 4 * lane + i % 4;
  const auto bits = [at, i](std::size_t begin, int count) {
    const std::size_t bit = i / 4 * static_cast<std::size_t>(count);
    return (at[64 * (begin + bit / 8)] >> (bit % 8)) & ((1 << count) - 1);
  };
  int value = bits(0, kFormat.low_bits);
  if constexpr (kFormat.high_bits != 0) {
    value |= bits(kFormat.low_bits, kFormat.high_bits) << kFormat.low_bits;
  }
  if constexpr (has_table(type)) {
    return kFormat.table[value];
  } else {
    return value - kFormat.zero;
  }
}

template <WeightType type>
std::int32_t dot(const std::uint8_t* planes, std::size_t lane, const std::int8_t* x,
                 std::size_t begin, std::size_t end) {
  std::int32_t sum = 0;
  for (std::size_t i = begin; i < end; ++i) sum += value<type>(planes, i, lane) * x[i];
  return sum;
}

template <WeightType type>
void small_tile(const QuantTile& tile) {
  constexpr TileLayout kLayout = tile_layout(type);
  const std::size_t groups = tile.inputs / 32;
  for (std::size_t row = 0; row < tile.rows; ++row) {
    for (std::size_t lane = 0; lane < kTileRows; ++lane) {
      float sum = 0;
      for (std::size_t g = 0; g < groups; ++g) {
        const std::uint8_t* group = tile.weights + g * (kLayout.planes + kLayout.scales);
        const std::uint8_t* scales = group + kLayout.planes;
        const std::size_t at = row * groups + g;
        const std::int32_t product =
            dot<type>(group, lane, tile.values + row * tile.inputs + 32 * g, 0, 32);
        const float scale = type == WeightType::mxfp4 ? half_power(scales[lane])
                                                      : half_to_float(word(scales + 2 * lane));
        sum += static_cast<float>(product) * (scale * tile.scales[at]);
        if constexpr (integer_format(type).has_min) {
          sum += half_to_float(word(scales + 32 + 2 * lane)) * tile.scaled_sums[at];
        }
      }
      tile.out[row * kTileRows + lane] = sum;
    }
  }
}

// Scale and minimum of a part in row `lane`.
template <WeightType type>
PartScale part_scale(const std::uint8_t* scales, std::size_t part, std::size_t lane) {
  const std::uint8_t* at = scales + 32 * (part / 2) + 2 * lane + part % 2;
  if (type == WeightType::q2_k) return {*at & 15, *at >> 4};
  if (integer_format(type).has_min) return {*at, at[tile_layout(type).scales]};
  return {static_cast<std::int8_t>(*at), 0};
}

// The sum of a part's activations, out of the pairs of 256.
int part_sum(const std::int32_t* pairs, std::size_t part, std::size_t part_size) {
  const std::int32_t pair = pairs[(part_size == 16 ? 0 : 8) + part / 2];
  return static_cast<std::int16_t>(part % 2 == 0 ? pair & 0xFFFF : pair >> 16);
}

// The product of 256 weights of one row with those of one row of activations,
// before their scale.
template <WeightType type>
float super_product(const std::uint8_t* super, std::size_t lane, const std::int8_t* x,
                    const std::int32_t* sums) {
  constexpr TileLayout kLayout = tile_layout(type);
  constexpr IntegerFormat kFormat = integer_format(type);
  const std::uint8_t* scales = super + 8 * kLayout.planes;
  const std::uint8_t* halves = scales + kLayout.scales + kLayout.minima;
  float scaled = 0;
  std::int32_t minima = 0;
  for (std::size_t part = 0; part < 256 / kFormat.part; ++part) {
    const std::size_t begin = part * kFormat.part;
    const std::int32_t product =
        dot<type>(super + begin / 32 * kLayout.planes, lane, x + begin / 32 * 32, begin % 32,
                  begin % 32 + kFormat.part);
    const PartScale own = part_scale<type>(scales, part, lane);
    scaled += static_cast<float>(product) * static_cast<float>(own.scale);
    minima += own.min * part_sum(sums, part, kFormat.part);
  }
  const float result = scaled * half_to_float(word(halves + 2 * lane));
  if constexpr (!kFormat.has_min) return result;
  return result - static_cast<float>(minima) * half_to_float(word(halves + 32 + 2 * lane));
}

template <WeightType type>
void super_tile(const QuantTile& tile) {
  const std::size_t supers = tile.inputs / 256;
  for (std::size_t row = 0; row < tile.rows; ++row) {
    for (std::size_t lane = 0; lane < kTileRows; ++lane) {
      float sum = 0;
      for (std::size_t s = 0; s < supers; ++s) {
        const std::size_t at = row * supers + s;
        sum += tile.scales[at] *
               super_product<type>(tile.weights + s * tile_layout(type).super_bytes(), lane,
                                   tile.values + 256 * at, tile.sums + 16 * at);
      }
      tile.out[row * kTileRows + lane] = sum;
    }
  }
}

float number(const float* at) { return *at; }
float half_number(const std::uint16_t* at) { return half_to_float(*at); }
float bfloat_number(const std::uint16_t* at) { return bfloat16_to_float(*at); }

template <class Stored, float (*read)(const Stored*)>
void dense_tile(const DenseTiles& call, std::size_t tile, std::size_t row) {
  const Stored* weights = static_cast<const Stored*>(call.weights) + tile * call.tile_stride;
  float* out = call.out + row * call.out_stride + tile * kTileRows;
  float sums[kTileRows];
  for (std::size_t lane = 0; lane < kTileRows; ++lane) sums[lane] = call.add ? out[lane] : 0.0F;
  for (std::size_t i = 0; i < call.inputs; ++i) {
    const float x = call.x[row * call.x_stride + i];
    for (std::size_t lane = 0; lane < kTileRows; ++lane) {
      sums[lane] += x * read(weights + i * call.stride + lane);
    }
  }
  std::copy_n(sums, kTileRows, out);
}

template <class Stored, float (*read)(const Stored*)>
void dense_tiles(const DenseTiles& call) {
  for (std::size_t tile = 0; tile < call.tiles; ++tile) {
    for (std::size_t row = 0; row < call.rows; ++row) dense_tile<Stored, read>(call, tile, row);
  }
}

constexpr TileKernels kTiles = {
    .q8_0 = small_tile<WeightType::q8_0>,
    .q4_0 = small_tile<WeightType::q4_0>,
    .q4_1 = small_tile<WeightType::q4_1>,
    .q5_0 = small_tile<WeightType::q5_0>,
    .q5_1 = small_tile<WeightType::q5_1>,
    .q2_k = super_tile<WeightType::q2_k>,
    .q3_k = super_tile<WeightType::q3_k>,
    .q4_k = super_tile<WeightType::q4_k>,
    .q5_k = super_tile<WeightType::q5_k>,
    .q6_k = super_tile<WeightType::q6_k>,
    .iq4_nl = small_tile<WeightType::iq4_nl>,
    .iq4_xs = super_tile<WeightType::iq4_xs>,
    .mxfp4 = small_tile<WeightType::mxfp4>,
    .dense_f32 = dense_tiles<float, number>,
    .dense_f16 = dense_tiles<std::uint16_t, half_number>,
    .dense_bf16 = dense_tiles<std::uint16_t, bfloat_number>,
};

}  // namespace

const TileKernels& plain_tiles() { return kTiles; }

}  // namespace wenyuan::compute
