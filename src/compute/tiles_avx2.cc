#include <immintrin.h>

#include "compute/kernels.h"
#include "compute/planes_avx2.h"

namespace wenyuan::compute {
namespace {

template <int count>
void clear(__m256 (&sums)[count]) {
#pragma GCC unroll 8
  for (int i = 0; i < count; ++i) sums[i] = _mm256_setzero_ps();
}

template <int rows, int count>
void store(const QuantTile& tile, std::size_t row, const __m256 (&sums)[count]) {
#pragma GCC unroll 8
  for (int i = 0; i < count; ++i) {
    const std::size_t own = row + static_cast<std::size_t>(i % rows);
    _mm256_storeu_ps(tile.out + own * kTileRows + 8 * (i / rows), sums[i]);
  }
}

// Asks for weights that come later, across the ends of pages, where the processor's own prefetching
// stops.
template <std::size_t bytes>
void prefetch(const std::uint8_t* at) {
  for (std::size_t i = 0; i < bytes; i += 64) {
    _mm_prefetch(reinterpret_cast<const char*>(at + 4608 + i), _MM_HINT_T0);
  }
}

// Products with inputs 4 * four to 4 * end, added up in 16 bits.
template <WeightType type, int four, int end, int rows>
[[gnu::always_inline]] inline void add_words(const std::uint8_t* planes, const std::int8_t* x,
                                             std::size_t stride, __m256i* sums) {
  if constexpr (four < end) {
    const __m256i own = weights<type, four>(planes);
#pragma GCC unroll 4
    for (int m = 0; m < rows; ++m) {
      __m256i activations = everywhere(x + static_cast<std::size_t>(m) * stride + 4 * four);
      __m256i magnitude = own;
      if constexpr (kIsSigned<type>) {
        activations = _mm256_sign_epi8(activations, own);
        magnitude = _mm256_abs_epi8(own);
      }
      sums[m] = _mm256_add_epi16(sums[m], _mm256_maddubs_epi16(magnitude, activations));
    }
    add_words<type, four + 1, end, rows>(planes, x, stride, sums);
  }
}

template <WeightType type, int four, int end, int rows>
[[gnu::always_inline]] inline void add_products(const std::uint8_t* planes, const std::int8_t* x,
                                                std::size_t stride, __m256i* sums) {
  if constexpr (four < end) {
    constexpr int kFit = kIsSigned<type> ? 1 : kProductsThatFit<type>;
    constexpr int kStop = end - four < kFit ? end : four + kFit;
    __m256i words[rows];
#pragma GCC unroll 4
    for (int m = 0; m < rows; ++m) words[m] = _mm256_setzero_si256();
    add_words<type, four, kStop, rows>(planes, x, stride, words);
#pragma GCC unroll 4
    for (int m = 0; m < rows; ++m) sums[m] = _mm256_add_epi32(sums[m], pair_sums(words[m]));
    add_products<type, kStop, end, rows>(planes, x, stride, sums);
  }
}

template <WeightType type, int rows>
[[gnu::always_inline]] inline void add_small(const QuantTile& tile, const std::uint8_t* group,
                                             std::size_t row, std::size_t g, int half,
                                             __m256* sums) {
  __m256i products[rows];
#pragma GCC unroll 4
  for (int m = 0; m < rows; ++m) products[m] = _mm256_setzero_si256();
  add_products<type, 0, 8, rows>(group + 32 * half, tile.values + row * tile.inputs + 32 * g,
                                 tile.inputs, products);
  const std::uint8_t* scales = group + tile_layout(type).planes;
  const __m256 scale = small_scales<type>(scales, half);
#pragma GCC unroll 4
  for (int m = 0; m < rows; ++m) {
    const std::size_t side = (row + static_cast<std::size_t>(m)) * (tile.inputs / 32) + g;
    if constexpr (kZero<type> != 0) {
      const __m256i excess = _mm256_set1_epi32(kZero<type> * tile.sums[side]);
      products[m] = _mm256_sub_epi32(products[m], excess);
    }
    sums[m] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(products[m]),
                              _mm256_mul_ps(scale, _mm256_set1_ps(tile.scales[side])), sums[m]);
    if constexpr (integer_format(type).has_min) {
      sums[m] = _mm256_fmadd_ps(halves(scales + 32 + 16 * half),
                                _mm256_set1_ps(tile.scaled_sums[side]), sums[m]);
    }
  }
}

template <WeightType type, int rows>
void small_rows(const QuantTile& tile, std::size_t row) {
  constexpr std::size_t kGroup = tile_layout(type).planes + tile_layout(type).scales;
  __m256 sums[2 * rows];
  clear(sums);
  const std::uint8_t* group = tile.weights;
  for (std::size_t g = 0; g < tile.inputs / 32; ++g, group += kGroup) {
    prefetch<kGroup>(group);
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      add_small<type, rows>(tile, group, row, g, half, sums + half * rows);
    }
  }
  store<rows>(tile, row, sums);
}

// Adds the products of one of the two parts that share a pair of scales.
template <WeightType type, int side, int rows>
[[gnu::always_inline]] inline void add_part(const std::uint8_t* planes, const std::int8_t* x,
                                            std::size_t stride, __m256 scale, __m256* scaled) {
  constexpr bool kWhole = integer_format(type).part == 32;
  constexpr int kBegin = kWhole ? 0 : 4 * side;
  constexpr std::size_t kGroup = kWhole ? side : 0;
  __m256i products[rows];
#pragma GCC unroll 4
  for (int m = 0; m < rows; ++m) products[m] = _mm256_setzero_si256();
  add_products<type, kBegin, kWhole ? 8 : kBegin + 4, rows>(
      planes + kGroup * tile_layout(type).planes, x + 32 * kGroup, stride, products);
#pragma GCC unroll 4
  for (int m = 0; m < rows; ++m) {
    scaled[m] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(products[m]), scale, scaled[m]);
  }
}

// Adds 256 inputs to the sums of one half.
template <WeightType type, int rows>
[[gnu::always_inline]] inline void add_super(const QuantTile& tile, const std::uint8_t* super,
                                             std::size_t row, std::size_t s, int half,
                                             __m256* sums) {
  constexpr TileLayout kLayout = tile_layout(type);
  constexpr std::size_t kPairs = 128 / integer_format(type).part;
  const std::uint8_t* scales = super + 8 * kLayout.planes + 16 * half;
  __m256 scaled[rows];
  clear(scaled);
  for (std::size_t pair = 0; pair < kPairs; ++pair) {
    if (half == 0) {
      prefetch<kLayout.super_bytes() / kPairs>(super + pair * (kLayout.super_bytes() / kPairs));
    }
    const std::uint8_t* planes = super + pair * 8 / kPairs * kLayout.planes + 32 * half;
    const std::int8_t* x = tile.values + row * tile.inputs + 256 * s + 256 / kPairs * pair;
    const __m256i scale = scale_pair<type>(scales, pair);
    add_part<type, 0, rows>(planes, x, tile.inputs, low_words(scale), scaled);
    add_part<type, 1, rows>(planes, x, tile.inputs, high_words(scale), scaled);
  }
#pragma GCC unroll 4
  for (int m = 0; m < rows; ++m) {
    const std::size_t own = (row + static_cast<std::size_t>(m)) * (tile.inputs / 256) + s;
    const std::int32_t* pairs = tile.sums + 16 * own + (kPairs == 8 ? 0 : 8);
    __m256i minima = _mm256_setzero_si256();
    for (std::size_t pair = 0; kNeedsMinima<type> && pair < kPairs; ++pair) {
      const __m256i products =
          _mm256_madd_epi16(min_pair<type>(scales, pair), everywhere(pairs + pair));
      minima = _mm256_add_epi32(minima, products);
    }
    sums[m] = with_super<type>(scales + kLayout.scales + kLayout.minima, scaled[m], minima,
                               tile.scales[own], sums[m]);
  }
}

template <WeightType type, int rows>
void super_rows(const QuantTile& tile, std::size_t row) {
  constexpr std::size_t kSuper = tile_layout(type).super_bytes();
  __m256 sums[2 * rows];
  clear(sums);
  const std::uint8_t* super = tile.weights;
  for (std::size_t s = 0; s < tile.inputs / 256; ++s, super += kSuper) {
    for (int half = 0; half < 2; ++half) {
      add_super<type, rows>(tile, super, row, s, half, sums + half * rows);
    }
  }
  store<rows>(tile, row, sums);
}

// Two rows at a time: there are no registers for more.
template <WeightType type>
void small_tile(const QuantTile& tile) {
  std::size_t row = 0;
  for (; row + 2 <= tile.rows; row += 2) small_rows<type, 2>(tile, row);
  for (; row < tile.rows; ++row) small_rows<type, 1>(tile, row);
}

template <WeightType type>
void super_tile(const QuantTile& tile) {
  std::size_t row = 0;
  for (; row + 2 <= tile.rows; row += 2) super_rows<type, 2>(tile, row);
  for (; row < tile.rows; ++row) super_rows<type, 1>(tile, row);
}

struct Floats {
  using Stored = float;
  static __m256 read(const float* at) { return _mm256_loadu_ps(at); }
};
struct Halves {
  using Stored = std::uint16_t;
  static __m256 read(const std::uint16_t* at) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
  }
};
struct Bfloats {
  using Stored = std::uint16_t;
  static __m256 read(const std::uint16_t* at) {
    const __m128i raw = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(raw), 16));
  }
};

template <class Format, int rows>
void dense_rows(const DenseTiles& call, std::size_t row, std::size_t tile) {
  const auto* weights =
      static_cast<const typename Format::Stored*>(call.weights) + tile * call.tile_stride;
  const float* x = call.x + row * call.x_stride;
  float* out = call.out + row * call.out_stride + tile * kTileRows;
  __m256 sums[2 * rows];
#pragma GCC unroll 8
  for (int m = 0; m < 2 * rows; ++m) {
    const float* from = out + static_cast<std::size_t>(m / 2) * call.out_stride + 8 * (m % 2);
    sums[m] = call.add ? _mm256_loadu_ps(from) : _mm256_setzero_ps();
  }
  for (std::size_t i = 0; i < call.inputs; ++i) {
    const auto* at = weights + i * call.stride;
    const __m256 left = Format::read(at);
    const __m256 right = Format::read(at + 8);
    if constexpr (rows > 1) prefetch<1>(reinterpret_cast<const std::uint8_t*>(at));
#pragma GCC unroll 4
    for (int m = 0; m < rows; ++m) {
      const __m256 own = _mm256_set1_ps(x[static_cast<std::size_t>(m) * call.x_stride + i]);
      sums[2 * m] = _mm256_fmadd_ps(left, own, sums[2 * m]);
      sums[2 * m + 1] = _mm256_fmadd_ps(right, own, sums[2 * m + 1]);
    }
  }
#pragma GCC unroll 8
  for (int m = 0; m < 2 * rows; ++m) {
    _mm256_storeu_ps(out + static_cast<std::size_t>(m / 2) * call.out_stride + 8 * (m % 2),
                     sums[m]);
  }
}

template <class Format>
void dense_tiles(const DenseTiles& call) {
  for (std::size_t tile = 0; tile < call.tiles; ++tile) {
    std::size_t row = 0;
    for (; row + 4 <= call.rows; row += 4) dense_rows<Format, 4>(call, row, tile);
    for (; row + 3 <= call.rows; row += 3) dense_rows<Format, 3>(call, row, tile);
    for (; row + 2 <= call.rows; row += 2) dense_rows<Format, 2>(call, row, tile);
    for (; row < call.rows; ++row) dense_rows<Format, 1>(call, row, tile);
  }
}

}  // namespace

const TileKernels& avx2_tiles() {
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
