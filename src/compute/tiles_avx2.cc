#include <immintrin.h>

#include "compute/kernels.h"

namespace wenyuan::compute {
namespace {

// A tile's 16 rows are two registers of eight: `half` 0 and 1.

__m256 halves(const std::uint8_t* at) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
}

__m256i four_of(const std::int8_t* at) {
  std::int32_t four;
  __builtin_memcpy(&four, at, sizeof four);
  return _mm256_set1_epi32(four);
}

__m256i load(const std::uint8_t* at) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}

__m256i pair_sums(__m256i products) { return _mm256_madd_epi16(products, _mm256_set1_epi16(1)); }

// Products of the nibbles of a group, 32 inputs: 8 x 2 x 15 x 127 just fits into 16 bits.
template <int rows>
void nibble_products(const std::uint8_t* group, int half, const std::int8_t* x, std::size_t stride,
                     __m256i* out) {
  const __m256i low = _mm256_set1_epi8(15);
  __m256i sums[rows];
#pragma GCC unroll 4
  for (int m = 0; m < rows; ++m) sums[m] = _mm256_setzero_si256();
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const __m256i pair = load(group + 64 * i + 32 * half);
    const __m256i even = _mm256_and_si256(pair, low);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi16(pair, 4), low);
#pragma GCC unroll 4
    for (int m = 0; m < rows; ++m) {
      const std::int8_t* own = x + static_cast<std::size_t>(m) * stride + 8 * i;
      sums[m] = _mm256_add_epi16(sums[m], _mm256_maddubs_epi16(even, four_of(own)));
      sums[m] = _mm256_add_epi16(sums[m], _mm256_maddubs_epi16(odd, four_of(own + 4)));
    }
  }
#pragma GCC unroll 4
  for (int m = 0; m < rows; ++m) out[m] = pair_sums(sums[m]);
}

// Products of bytes, `zero` taken off first: as unsigned bytes two of them would not fit into 16
// bits.
template <int rows>
void byte_products(const std::uint8_t* group, int begin, int end, int half, __m256i zero,
                   const std::int8_t* x, std::size_t stride, __m256i* out) {
#pragma GCC unroll 4
  for (int m = 0; m < rows; ++m) out[m] = _mm256_setzero_si256();
  for (int i = begin; i < end; ++i) {
    const __m256i weight = _mm256_sub_epi8(load(group + 64 * i + 32 * half), zero);
    const __m256i magnitude = _mm256_abs_epi8(weight);
#pragma GCC unroll 4
    for (int m = 0; m < rows; ++m) {
      const __m256i own = four_of(x + static_cast<std::size_t>(m) * stride + 4 * i);
      const __m256i products = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(own, weight));
      out[m] = _mm256_add_epi32(out[m], pair_sums(products));
    }
  }
}

template <bool nibbles, bool has_min, int rows>
void small_rows(const QuantTile& tile, std::size_t row, int half) {
  constexpr std::size_t kValues = nibbles ? 256 : 512;
  constexpr std::size_t kGroup = kValues + (has_min ? 64 : 32);
  const std::size_t groups = tile.inputs / 32;
  const __m256i zero = _mm256_set1_epi8(static_cast<char>(tile.zero));
  __m256 sums[rows];
#pragma GCC unroll 4
  for (int m = 0; m < rows; ++m) sums[m] = _mm256_setzero_ps();
  const std::uint8_t* at = tile.weights;
  for (std::size_t g = 0; g < groups; ++g, at += kGroup) {
    const std::uint8_t* footer = at + kValues + 16 * half;
    const std::int8_t* x = tile.values + row * tile.inputs + 32 * g;
    __m256i products[rows];
    if constexpr (nibbles) {
      nibble_products<rows>(at, half, x, tile.inputs, products);
    } else {
      byte_products<rows>(at, 0, 8, half, zero, x, tile.inputs, products);
    }
    const __m256 scale = halves(footer);
    const __m256 min = has_min ? halves(footer + 32) : _mm256_setzero_ps();
#pragma GCC unroll 4
    for (int m = 0; m < rows; ++m) {
      const std::size_t side = (row + static_cast<std::size_t>(m)) * groups + g;
      if constexpr (nibbles && !has_min) {
        products[m] = _mm256_sub_epi32(products[m], _mm256_set1_epi32(tile.zero * tile.sums[side]));
      }
      sums[m] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(products[m]),
                                _mm256_mul_ps(scale, _mm256_set1_ps(tile.scales[side])), sums[m]);
      if constexpr (has_min) {
        sums[m] = _mm256_fmadd_ps(min, _mm256_set1_ps(tile.scaled_sums[side]), sums[m]);
      }
    }
  }
#pragma GCC unroll 4
  for (int m = 0; m < rows; ++m) {
    _mm256_storeu_ps(tile.out + (row + static_cast<std::size_t>(m)) * kTileRows + 8 * half,
                     sums[m]);
  }
}

__m256 unsigned_bytes(const std::uint8_t* at) {
  return _mm256_cvtepi32_ps(
      _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at))));
}

__m256 signed_bytes(const std::uint8_t* at) {
  return _mm256_cvtepi32_ps(
      _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at))));
}

template <bool nibbles, bool halved, int rows>
void super_group(const QuantTile& tile, const std::uint8_t* group, std::size_t row, std::size_t g,
                 int half, __m256* scaled, __m256* minima) {
  const std::uint8_t* footer = group + (nibbles ? 256 : 512) + 8 * half;
  const std::int8_t* x = tile.values + row * tile.inputs + 32 * g;
  __m256i products[rows];
  if constexpr (halved) {
    const __m256i zero = _mm256_set1_epi8(static_cast<char>(tile.zero));
    for (int side = 0; side < 2; ++side) {
      byte_products<rows>(group, 4 * side, 4 * side + 4, half, zero, x, tile.inputs, products);
      const __m256 scale = signed_bytes(footer + 16 * side);
      for (int m = 0; m < rows; ++m) {
        scaled[m] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(products[m]), scale, scaled[m]);
      }
    }
  } else {
    if constexpr (nibbles) {
      nibble_products<rows>(group, half, x, tile.inputs, products);
    } else {
      byte_products<rows>(group, 0, 8, half, _mm256_setzero_si256(), x, tile.inputs, products);
    }
    const __m256 scale = unsigned_bytes(footer);
    const __m256 min = unsigned_bytes(footer + 16);
    for (int m = 0; m < rows; ++m) {
      const std::size_t own = row + static_cast<std::size_t>(m);
      scaled[m] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(products[m]), scale, scaled[m]);
      const __m256 sum = _mm256_set1_ps(tile.scaled_sums[own * (tile.inputs / 32) + g]);
      minima[m] = _mm256_fmadd_ps(min, sum, minima[m]);
    }
  }
}

template <bool nibbles, bool halved, int rows>
void super_rows(const QuantTile& tile, std::size_t row, int half) {
  constexpr std::size_t kGroup = (nibbles ? 256 : 512) + 32;
  constexpr std::size_t kSuper = 8 * kGroup + 64;
  const std::size_t supers = tile.inputs / 256;
  __m256 sums[rows];
  for (int m = 0; m < rows; ++m) sums[m] = _mm256_setzero_ps();
  for (std::size_t s = 0; s < supers; ++s) {
    const std::uint8_t* block = tile.weights + s * kSuper;
    __m256 scaled[rows];
    __m256 minima[rows];
    for (int m = 0; m < rows; ++m) scaled[m] = minima[m] = _mm256_setzero_ps();
    for (std::size_t g = 0; g < 8; ++g) {
      super_group<nibbles, halved, rows>(tile, block + g * kGroup, row, 8 * s + g, half, scaled,
                                         minima);
    }
    const __m256 scale = halves(block + 8 * kGroup + 16 * half);
    const __m256 min = halves(block + 8 * kGroup + 32 + 16 * half);
    for (int m = 0; m < rows; ++m) {
      const float own = tile.scales[(row + static_cast<std::size_t>(m)) * supers + s];
      const __m256 part = _mm256_fmsub_ps(scaled[m], scale, _mm256_mul_ps(minima[m], min));
      sums[m] = _mm256_fmadd_ps(part, _mm256_set1_ps(own), sums[m]);
    }
  }
  for (int m = 0; m < rows; ++m) {
    _mm256_storeu_ps(tile.out + (row + static_cast<std::size_t>(m)) * kTileRows + 8 * half,
                     sums[m]);
  }
}

template <bool nibbles, bool has_min>
void small_tile(const QuantTile& tile) {
  for (int half = 0; half < 2; ++half) {
    std::size_t row = 0;
    for (; row + 4 <= tile.rows; row += 4) small_rows<nibbles, has_min, 4>(tile, row, half);
    for (; row < tile.rows; ++row) small_rows<nibbles, has_min, 1>(tile, row, half);
  }
}

template <bool nibbles, bool halved>
void super_tile(const QuantTile& tile) {
  for (int half = 0; half < 2; ++half) {
    std::size_t row = 0;
    for (; row + 2 <= tile.rows; row += 2) super_rows<nibbles, halved, 2>(tile, row, half);
    for (; row < tile.rows; ++row) super_rows<nibbles, halved, 1>(tile, row, half);
  }
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
    const __m256 left = Format::read(weights + i * call.stride);
    const __m256 right = Format::read(weights + i * call.stride + 8);
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
    for (; row < call.rows; ++row) dense_rows<Format, 1>(call, row, tile);
  }
}

}  // namespace

const TileKernels& avx2_tiles() {
  static constexpr TileKernels kTiles = {
      .nibbles = small_tile<true, false>,
      .nibbles_min = small_tile<true, true>,
      .bytes = small_tile<false, false>,
      .bytes_min = small_tile<false, true>,
      .super_nibbles = super_tile<true, false>,
      .super_bytes = super_tile<false, false>,
      .super_halves = super_tile<false, true>,
      .dense_f32 = dense_tiles<Floats>,
      .dense_f16 = dense_tiles<Halves>,
      .dense_bf16 = dense_tiles<Bfloats>,
  };
  return kTiles;
}

}  // namespace wenyuan::compute
