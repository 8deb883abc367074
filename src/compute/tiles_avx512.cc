#include <immintrin.h>

#include "compute/kernels.h"
#include "compute/planes_avx512.h"

namespace wenyuan::compute {
namespace {

// Adds the products of inputs 4 * four to 4 * end of a group of 32.
template <WeightType type, int four, int end, int rows>
[[gnu::always_inline]] inline void add_products(const std::uint8_t* planes, const std::int8_t* x,
                                                std::size_t stride, __m512i* sums) {
  if constexpr (four < end) {
    const __m512i own = weights<type, four>(planes);
#pragma GCC unroll 8
    for (int m = 0; m < rows; ++m) {
      const std::int8_t* activations = x + static_cast<std::size_t>(m) * stride + 4 * four;
      sums[m] = _mm512_dpbusd_epi32(sums[m], own, everywhere(activations));
    }
    add_products<type, four + 1, end, rows>(planes, x, stride, sums);
  }
}

template <WeightType type, int rows>
void small_rows(const QuantTile& tile, std::size_t row) {
  constexpr TileLayout kLayout = tile_layout(type);
  const __m512i less_zero = _mm512_set1_epi32(-kZero<type> & 0xFFFF);
  const std::size_t groups = tile.inputs / 32;
  const std::uint8_t* group = tile.weights;
  __m512 sums[rows];
#pragma GCC unroll 8
  for (int m = 0; m < rows; ++m) sums[m] = _mm512_setzero_ps();
  for (std::size_t g = 0; g < groups; ++g, group += kLayout.planes + kLayout.scales) {
    prefetch<kLayout.planes + kLayout.scales>(group);
    const std::uint8_t* scales = group + kLayout.planes;
    const std::size_t side = row * groups + g;
    __m512i products[rows];
#pragma GCC unroll 8
    for (int m = 0; m < rows; ++m) {
      products[m] = _mm512_setzero_si512();
      if constexpr (kZero<type> != 0) {
        const std::int32_t* sum = tile.sums + side + static_cast<std::size_t>(m) * groups;
        products[m] = _mm512_dpwssd_epi32(products[m], less_zero, everywhere(sum));
      }
    }
    add_products<type, 0, 8, rows>(group, tile.values + row * tile.inputs + 32 * g, tile.inputs,
                                   products);
    const __m512 scale = small_scales<type>(scales);
#pragma GCC unroll 8
    for (int m = 0; m < rows; ++m) {
      const std::size_t own = side + static_cast<std::size_t>(m) * groups;
      sums[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(products[m]),
                                _mm512_mul_ps(scale, _mm512_set1_ps(tile.scales[own])), sums[m]);
      if constexpr (integer_format(type).has_min) {
        sums[m] =
            _mm512_fmadd_ps(halves(scales + 32), _mm512_set1_ps(tile.scaled_sums[own]), sums[m]);
      }
    }
  }
#pragma GCC unroll 8
  for (int m = 0; m < rows; ++m) {
    _mm512_storeu_ps(tile.out + (row + static_cast<std::size_t>(m)) * kTileRows, sums[m]);
  }
}

// Adds the products of one of the two parts that share a pair of scales.
template <WeightType type, int side, int rows>
[[gnu::always_inline]] inline void add_part(const std::uint8_t* planes, const std::int8_t* x,
                                            std::size_t stride, __m512 scale, __m512* scaled) {
  constexpr bool kWhole = integer_format(type).part == 32;
  constexpr int kBegin = kWhole ? 0 : 4 * side;
  constexpr std::size_t kGroup = kWhole ? side : 0;
  __m512i products[rows];
#pragma GCC unroll 8
  for (int m = 0; m < rows; ++m) products[m] = _mm512_setzero_si512();
  add_products<type, kBegin, kWhole ? 8 : kBegin + 4, rows>(
      planes + kGroup * tile_layout(type).planes, x + 32 * kGroup, stride, products);
#pragma GCC unroll 8
  for (int m = 0; m < rows; ++m) {
    scaled[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(products[m]), scale, scaled[m]);
  }
}

template <WeightType type, int rows>
void super_rows(const QuantTile& tile, std::size_t row) {
  constexpr TileLayout kLayout = tile_layout(type);
  constexpr std::size_t kPairs = 128 / integer_format(type).part;
  const std::size_t supers = tile.inputs / 256;
  __m512 sums[rows];
#pragma GCC unroll 8
  for (int m = 0; m < rows; ++m) sums[m] = _mm512_setzero_ps();
  const std::uint8_t* super = tile.weights;
  for (std::size_t s = 0; s < supers; ++s, super += kLayout.super_bytes()) {
    const std::uint8_t* scales = super + 8 * kLayout.planes;
    __m512 scaled[rows];
#pragma GCC unroll 8
    for (int m = 0; m < rows; ++m) scaled[m] = _mm512_setzero_ps();
    for (std::size_t pair = 0; pair < kPairs; ++pair) {
      prefetch<kLayout.super_bytes() / kPairs>(super + pair * (kLayout.super_bytes() / kPairs));
      const std::uint8_t* planes = super + pair * 8 / kPairs * kLayout.planes;
      const std::int8_t* x = tile.values + row * tile.inputs + 256 * s + 256 / kPairs * pair;
      const __m512i scale = scale_pair<type>(scales, pair);
      add_part<type, 0, rows>(planes, x, tile.inputs, low_words(scale), scaled);
      add_part<type, 1, rows>(planes, x, tile.inputs, high_words(scale), scaled);
    }
    const std::int32_t* pairs = tile.sums + (row * supers + s) * 16 + (kPairs == 8 ? 0 : 8);
#pragma GCC unroll 8
    for (int m = 0; m < rows; ++m) {
      const std::size_t own = static_cast<std::size_t>(m) * supers;
      __m512i minima = _mm512_setzero_si512();
#pragma GCC unroll 8
      for (std::size_t pair = 0; pair < kPairs; ++pair) {
        minima = _mm512_dpwssd_epi32(minima, min_pair<type>(scales, pair),
                                     everywhere(pairs + own * 16 + pair));
      }
      sums[m] = with_super<type>(scales + kLayout.scales + kLayout.minima, scaled[m], minima,
                                 tile.scales[row * supers + s + own], sums[m]);
    }
  }
#pragma GCC unroll 8
  for (int m = 0; m < rows; ++m) {
    _mm512_storeu_ps(tile.out + (row + static_cast<std::size_t>(m)) * kTileRows, sums[m]);
  }
}

// Eight rows at a time, so that unpacked weights are used eight times; each row's sum is formed in
// the same order however many there are.
template <WeightType type>
void small_tile(const QuantTile& tile) {
  std::size_t row = 0;
  for (; row + 8 <= tile.rows; row += 8) small_rows<type, 8>(tile, row);
  for (; row + 4 <= tile.rows; row += 4) small_rows<type, 4>(tile, row);
  for (; row + 2 <= tile.rows; row += 2) small_rows<type, 2>(tile, row);
  for (; row < tile.rows; ++row) small_rows<type, 1>(tile, row);
}

template <WeightType type>
void super_tile(const QuantTile& tile) {
  std::size_t row = 0;
  for (; row + 8 <= tile.rows; row += 8) super_rows<type, 8>(tile, row);
  for (; row + 4 <= tile.rows; row += 4) super_rows<type, 4>(tile, row);
  for (; row + 2 <= tile.rows; row += 2) super_rows<type, 2>(tile, row);
  for (; row < tile.rows; ++row) super_rows<type, 1>(tile, row);
}

struct Floats {
  using Stored = float;
  static __m512 read(const float* at) { return _mm512_loadu_ps(at); }
};
struct Halves {
  using Stored = std::uint16_t;
  static __m512 read(const std::uint16_t* at) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
  }
};
struct Bfloats {
  using Stored = std::uint16_t;
  static __m512 read(const std::uint16_t* at) {
    const __m256i raw = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(raw), 16));
  }
};

// A block of `rows` by `tiles` sums, each a chain of its own over the inputs.
template <class Format, int rows, int tiles>
void dense_block(const DenseTiles& call, std::size_t row, std::size_t tile) {
  const auto* weights =
      static_cast<const typename Format::Stored*>(call.weights) + tile * call.tile_stride;
  const float* x = call.x + row * call.x_stride;
  float* out = call.out + row * call.out_stride + tile * kTileRows;
  __m512 sums[rows][tiles];
#pragma GCC unroll 8
  for (int m = 0; m < rows; ++m) {
#pragma GCC unroll 8
    for (int t = 0; t < tiles; ++t) {
      const float* from = out + static_cast<std::size_t>(m) * call.out_stride + 16 * t;
      sums[m][t] = call.add ? _mm512_loadu_ps(from) : _mm512_setzero_ps();
    }
  }
  for (std::size_t i = 0; i < call.inputs; ++i) {
    __m512 weight[tiles];
#pragma GCC unroll 8
    for (int t = 0; t < tiles; ++t) {
      const auto* at = weights + static_cast<std::size_t>(t) * call.tile_stride + i * call.stride;
      weight[t] = Format::read(at);
      if constexpr (rows > 1) prefetch<1>(reinterpret_cast<const std::uint8_t*>(at));
    }
#pragma GCC unroll 8
    for (int m = 0; m < rows; ++m) {
      const __m512 own = _mm512_set1_ps(x[static_cast<std::size_t>(m) * call.x_stride + i]);
#pragma GCC unroll 8
      for (int t = 0; t < tiles; ++t) sums[m][t] = _mm512_fmadd_ps(weight[t], own, sums[m][t]);
    }
  }
#pragma GCC unroll 8
  for (int m = 0; m < rows; ++m) {
#pragma GCC unroll 8
    for (int t = 0; t < tiles; ++t) {
      _mm512_storeu_ps(out + static_cast<std::size_t>(m) * call.out_stride + 16 * t, sums[m][t]);
    }
  }
}

template <class Format, int rows, int tiles>
void dense_rows(const DenseTiles& call, std::size_t row) {
  std::size_t tile = 0;
  for (; tile + tiles <= call.tiles; tile += tiles) {
    dense_block<Format, rows, tiles>(call, row, tile);
  }
  for (; tile < call.tiles; ++tile) dense_block<Format, rows, 1>(call, row, tile);
}

template <class Format>
void dense_tiles(const DenseTiles& call) {
  std::size_t row = 0;
  for (; row + 8 <= call.rows; row += 8) dense_rows<Format, 8, 2>(call, row);
  for (; row + 4 <= call.rows; row += 4) dense_rows<Format, 4, 4>(call, row);
  for (; row + 3 <= call.rows; row += 3) dense_rows<Format, 3, 4>(call, row);
  for (; row + 2 <= call.rows; row += 2) dense_rows<Format, 2, 4>(call, row);
  for (; row < call.rows; ++row) dense_rows<Format, 1, 4>(call, row);
}

}  // namespace

const TileKernels& avx512_tiles() {
  static constexpr TileKernels kTiles = {
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
      .dense_f32 = dense_tiles<Floats>,
      .dense_f16 = dense_tiles<Halves>,
      .dense_bf16 = dense_tiles<Bfloats>,
  };
  return kTiles;
}

}  // namespace wenyuan::compute
