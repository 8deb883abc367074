#include <algorithm>

#include "base/half.h"
#include "compute/kernels.h"

namespace wenyuan::compute {
namespace {

std::uint16_t word(const std::uint8_t* at) {
  return static_cast<std::uint16_t>(at[0] | (at[1] << 8));
}

// Value of input `i` (0 to 31) in row `lane` of a tile's group.
template <bool nibbles>
int value(const std::uint8_t* group, std::size_t i, std::size_t lane) {
  const std::size_t four = i / 4;
  if constexpr (nibbles) {
    const std::uint8_t pair = group[64 * (four / 2) + 4 * lane + i % 4];
    return four % 2 == 0 ? pair & 15 : pair >> 4;
  } else {
    return group[64 * four + 4 * lane + i % 4];
  }
}

template <bool nibbles>
std::int32_t dot(const std::uint8_t* group, std::size_t lane, const std::int8_t* x,
                 std::size_t begin, std::size_t end) {
  std::int32_t sum = 0;
  for (std::size_t i = begin; i < end; ++i) sum += value<nibbles>(group, i, lane) * x[i];
  return sum;
}

template <bool nibbles, bool has_min>
void small_tile(const QuantTile& tile) {
  constexpr std::size_t kValues = nibbles ? 256 : 512;
  constexpr std::size_t kGroup = kValues + (has_min ? 64 : 32);
  const std::size_t groups = tile.inputs / 32;
  for (std::size_t row = 0; row < tile.rows; ++row) {
    for (std::size_t lane = 0; lane < kTileRows; ++lane) {
      float sum = 0;
      for (std::size_t g = 0; g < groups; ++g) {
        const std::uint8_t* group = tile.weights + g * kGroup;
        const std::size_t at = row * groups + g;
        const std::int32_t product =
            dot<nibbles>(group, lane, tile.values + row * tile.inputs + 32 * g, 0, 32) -
            tile.zero * tile.sums[at];
        const float scale = half_to_float(word(group + kValues + 2 * lane));
        sum += static_cast<float>(product) * (scale * tile.scales[at]);
        if constexpr (has_min) {
          sum += half_to_float(word(group + kValues + 32 + 2 * lane)) * tile.scaled_sums[at];
        }
      }
      tile.out[row * kTileRows + lane] = sum;
    }
  }
}

// One group of a super kind: adds to the scaled product and to the product with the minima.
template <bool nibbles, bool halves>
void super_group(const QuantTile& tile, const std::uint8_t* group, std::size_t row, std::size_t g,
                 std::size_t lane, float& scaled, float& minima) {
  const std::uint8_t* footer = group + (nibbles ? 256 : 512);
  const std::int8_t* x = tile.values + row * tile.inputs + 32 * g;
  if constexpr (halves) {
    const std::int32_t* sums = tile.sums + row * (tile.inputs / 16) + 2 * g;
    for (std::size_t side = 0; side < 2; ++side) {
      const std::int32_t product =
          dot<nibbles>(group, lane, x, 16 * side, 16 * side + 16) - tile.zero * sums[side];
      const auto scale = static_cast<std::int8_t>(footer[16 * side + lane]);
      scaled += static_cast<float>(product) * static_cast<float>(scale);
    }
  } else {
    scaled +=
        static_cast<float>(dot<nibbles>(group, lane, x, 0, 32)) * static_cast<float>(footer[lane]);
    minima +=
        static_cast<float>(footer[16 + lane]) * tile.scaled_sums[row * (tile.inputs / 32) + g];
  }
}

template <bool nibbles, bool halves>
void super_tile(const QuantTile& tile) {
  constexpr std::size_t kGroup = (nibbles ? 256 : 512) + 32;
  constexpr std::size_t kSuper = 8 * kGroup + 64;
  const std::size_t supers = tile.inputs / 256;
  for (std::size_t row = 0; row < tile.rows; ++row) {
    for (std::size_t lane = 0; lane < kTileRows; ++lane) {
      float sum = 0;
      for (std::size_t s = 0; s < supers; ++s) {
        const std::uint8_t* block = tile.weights + s * kSuper;
        float scaled = 0;
        float minima = 0;
        for (std::size_t g = 0; g < 8; ++g) {
          super_group<nibbles, halves>(tile, block + g * kGroup, row, 8 * s + g, lane, scaled,
                                       minima);
        }
        const std::uint8_t* footer = block + 8 * kGroup;
        const float part = scaled * half_to_float(word(footer + 2 * lane)) -
                           minima * half_to_float(word(footer + 32 + 2 * lane));
        sum += part * tile.scales[row * supers + s];
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
    .nibbles = small_tile<true, false>,
    .nibbles_min = small_tile<true, true>,
    .bytes = small_tile<false, false>,
    .bytes_min = small_tile<false, true>,
    .super_nibbles = super_tile<true, false>,
    .super_bytes = super_tile<false, false>,
    .super_halves = super_tile<false, true>,
    .dense_f32 = dense_tiles<float, number>,
    .dense_f16 = dense_tiles<std::uint16_t, half_number>,
    .dense_bf16 = dense_tiles<std::uint16_t, bfloat_number>,
};

}  // namespace

const TileKernels& plain_tiles() { return kTiles; }

}  // namespace wenyuan::compute
