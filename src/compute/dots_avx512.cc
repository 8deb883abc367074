#include <immintrin.h>

#include "compute/kernels.h"

namespace wenyuan::compute {
namespace {

struct Floats {
  using Stored = float;
  static __m512 read(const float* at) { return _mm512_loadu_ps(at); }
};
struct Halves {
  using Stored = unsigned short;
  static __m512 read(const unsigned short* at) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
  }
};

// The sums of the lanes of four vectors, once in each 128 bits of the result (over parts of it).
__m512 fold_four(const __m512* v) {
  const __m512 a = _mm512_add_ps(_mm512_unpacklo_ps(v[0], v[1]), _mm512_unpackhi_ps(v[0], v[1]));
  const __m512 b = _mm512_add_ps(_mm512_unpacklo_ps(v[2], v[3]), _mm512_unpackhi_ps(v[2], v[3]));
  const __m512d x = _mm512_castps_pd(a);
  const __m512d y = _mm512_castps_pd(b);
  return _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(x, y)),
                       _mm512_castpd_ps(_mm512_unpackhi_pd(x, y)));
}

// Lane 4 i + j is the sum of the lanes of v[4 i + j].
__m512 fold_sixteen(const __m512* v) {
  const __m512 a = fold_four(v);
  const __m512 b = fold_four(v + 4);
  const __m512 c = fold_four(v + 8);
  const __m512 d = fold_four(v + 12);
  const __m512 ab =
      _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
  const __m512 cd =
      _mm512_add_ps(_mm512_shuffle_f32x4(c, d, 0x44), _mm512_shuffle_f32x4(c, d, 0xee));
  return _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
}

// Each sum is formed in the same order whatever block it is part of.
template <class Format, int rows, int keys>
void block(const RowDots& call, std::size_t row, std::size_t key) {
  const auto* own = static_cast<const typename Format::Stored*>(call.keys) + key * call.key_stride;
  const float* x = call.x + row * call.x_stride;
  __m512 sums[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) sums[i] = _mm512_setzero_ps();
  for (std::size_t i = 0; i < call.size; i += 16) {
    __m512 values[keys];
#pragma GCC unroll 4
    for (int k = 0; k < keys; ++k) {
      values[k] = Format::read(own + static_cast<std::size_t>(k) * call.key_stride + i);
    }
#pragma GCC unroll 4
    for (int m = 0; m < rows; ++m) {
      const __m512 left = _mm512_loadu_ps(x + static_cast<std::size_t>(m) * call.x_stride + i);
#pragma GCC unroll 4
      for (int k = 0; k < keys; ++k) {
        sums[4 * m + k] = _mm512_fmadd_ps(left, values[k], sums[4 * m + k]);
      }
    }
  }
  const __m512 folded = fold_sixteen(sums);
  float* out = call.out + row * call.out_stride + key;
  const __m128 lines[4] = {_mm512_castps512_ps128(folded), _mm512_extractf32x4_ps(folded, 1),
                           _mm512_extractf32x4_ps(folded, 2), _mm512_extractf32x4_ps(folded, 3)};
#pragma GCC unroll 4
  for (int m = 0; m < rows; ++m) {
    float* to = out + static_cast<std::size_t>(m) * call.out_stride;
    if constexpr (keys == 4) {
      _mm_storeu_ps(to, lines[m]);
    } else {
      _mm_store_ss(to, lines[m]);
    }
  }
}

template <class Format, int rows>
void some_rows(const RowDots& call, std::size_t row) {
  std::size_t key = 0;
  for (; key + 4 <= call.key_count; key += 4) block<Format, rows, 4>(call, row, key);
  for (; key < call.key_count; ++key) block<Format, rows, 1>(call, row, key);
}

template <class Format>
void dots(const RowDots& call) {
  std::size_t row = 0;
  for (; row + 4 <= call.rows; row += 4) some_rows<Format, 4>(call, row);
  for (; row < call.rows; ++row) some_rows<Format, 1>(call, row);
}

void from_half(const std::uint16_t* x, std::size_t count, float* out) {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) _mm512_storeu_ps(out + i, Halves::read(x + i));
  for (; i < count; ++i) out[i] = _cvtsh_ss(x[i]);
}

void from_q8_0(const std::uint8_t* blocks, std::size_t count, float* out) {
  for (std::size_t at = 0; at < count; at += 32, blocks += 34) {
    unsigned short half;
    __builtin_memcpy(&half, blocks, sizeof half);
    const __m512 scale = _mm512_set1_ps(_cvtsh_ss(half));
    for (std::size_t i = 0; i < 32; i += 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(blocks + 2 + i));
      const __m512 values = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
      _mm512_storeu_ps(out + at + i, _mm512_mul_ps(scale, values));
    }
  }
}

}  // namespace

const DotKernels& avx512_dots() {
  static constexpr DotKernels kDots = {dots<Floats>, dots<Halves>, from_half, from_q8_0};
  return kDots;
}

}  // namespace wenyuan::compute
