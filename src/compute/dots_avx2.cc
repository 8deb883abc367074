#include <immintrin.h>

#include "compute/kernels.h"

namespace wenyuan::compute {
namespace {

struct Floats {
  using Stored = float;
  static __m256 read(const float* at) { return _mm256_loadu_ps(at); }
};
struct Halves {
  using Stored = unsigned short;
  static __m256 read(const unsigned short* at) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
  }
};

// Lane j of the first four is the sum of the lanes of v[j].
__m128 fold_four(const __m256* v) {
  const __m256 sums = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));
  return _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps(sums, 1));
}

// Each sum is formed in the same order whatever block it is part of.
template <class Format, int rows, int keys>
void block(const RowDots& call, std::size_t row, std::size_t key) {
  const auto* own = static_cast<const typename Format::Stored*>(call.keys) + key * call.key_stride;
  const float* x = call.x + row * call.x_stride;
  __m256 sums[rows][4];
  for (int m = 0; m < rows; ++m) {
    for (int k = 0; k < 4; ++k) sums[m][k] = _mm256_setzero_ps();
  }
  for (std::size_t i = 0; i < call.size; i += 8) {
    __m256 values[keys];
    for (int k = 0; k < keys; ++k) {
      values[k] = Format::read(own + static_cast<std::size_t>(k) * call.key_stride + i);
    }
    for (int m = 0; m < rows; ++m) {
      const __m256 left = _mm256_loadu_ps(x + static_cast<std::size_t>(m) * call.x_stride + i);
      for (int k = 0; k < keys; ++k) sums[m][k] = _mm256_fmadd_ps(left, values[k], sums[m][k]);
    }
  }
  for (int m = 0; m < rows; ++m) {
    alignas(16) float out[4];
    _mm_store_ps(out, fold_four(sums[m]));
    for (int k = 0; k < keys; ++k) {
      call.out[(row + static_cast<std::size_t>(m)) * call.out_stride + key +
               static_cast<std::size_t>(k)] = out[k];
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
  for (; row + 2 <= call.rows; row += 2) some_rows<Format, 2>(call, row);
  for (; row < call.rows; ++row) some_rows<Format, 1>(call, row);
}

void from_half(const std::uint16_t* x, std::size_t count, float* out) {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) _mm256_storeu_ps(out + i, Halves::read(x + i));
  for (; i < count; ++i) out[i] = _cvtsh_ss(x[i]);
}

void from_q8_0(const std::uint8_t* blocks, std::size_t count, float* out) {
  for (std::size_t at = 0; at < count; at += 32, blocks += 34) {
    unsigned short half;
    __builtin_memcpy(&half, blocks, sizeof half);
    const __m256 scale = _mm256_set1_ps(_cvtsh_ss(half));
    for (std::size_t i = 0; i < 32; i += 8) {
      const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(blocks + 2 + i));
      const __m256 values = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
      _mm256_storeu_ps(out + at + i, _mm256_mul_ps(scale, values));
    }
  }
}

}  // namespace

const DotKernels& avx2_dots() {
  static constexpr DotKernels kDots = {dots<Floats>, dots<Halves>, from_half, from_q8_0};
  return kDots;
}

}  // namespace wenyuan::compute
