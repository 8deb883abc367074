// How the 16-row tiles of quantised weights are read with AVX2: values, scales, minima.
//
// For files that are compiled for AVX2 alone: everything here is local to them.
#pragma once

#if defined(__AVX2__)

#include <immintrin.h>

#include "compute/kernels.h"
#include "compute/tile_layout.h"

namespace wenyuan::compute {
namespace {

// A tile's 16 rows are two registers of eight: `half` 0 and 1.

inline __m256i load(const std::uint8_t* at) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}

inline __m128i load_half(const void* at) {
  return _mm_loadu_si128(static_cast<const __m128i*>(at));
}

inline __m256 halves(const std::uint8_t* at) { return _mm256_cvtph_ps(load_half(at)); }

template <class T>
__m256i everywhere(const T* at) {
  std::int32_t bits;
  __builtin_memcpy(&bits, at, sizeof bits);
  return _mm256_set1_epi32(bits);
}

inline __m256i pair_sums(__m256i products) {
  return _mm256_madd_epi16(products, _mm256_set1_epi16(1));
}

// Types whose weights are multiplied as signed bytes; the others are kZero too large, but
// then several products fit into 16 bits before they must be widened.
template <WeightType type>
constexpr bool kIsSigned =
    type == WeightType::q8_0 || type == WeightType::iq4_nl || type == WeightType::iq4_xs;

template <WeightType type>
constexpr std::int32_t kZero = kIsSigned<type>             ? 0
                               : type == WeightType::mxfp4 ? 12
                                                           : integer_format(type).zero;

template <WeightType type>
constexpr int kLargest = type == WeightType::mxfp4 ? 24
                                                   : (1 << (integer_format(type).low_bits +
                                                            integer_format(type).high_bits)) -
                                                         1;

// Products of that many bytes with int8 that fit, two being added by the instruction itself.
template <WeightType type>
constexpr int kProductsThatFit = 32767 / (2 * 127 * kLargest<type>);

template <int left>
__m256i shift(__m256i x) {
  if constexpr (left > 0) return _mm256_slli_epi16(x, left);
  if constexpr (left < 0) return _mm256_srli_epi16(x, -left);
  return x;
}

// Four weights each of eight rows: those of inputs 4 * four on out of the 32 whose planes, of this
// half, are given.
template <WeightType type, int four>
__m256i weights(const std::uint8_t* planes) {
  constexpr IntegerFormat kFormat = integer_format(type);
  constexpr int kLow = kFormat.low_bits;
  constexpr int kHigh = kFormat.high_bits;
  __m256i value = load(planes + 64 * (four * kLow / 8));
  if constexpr (kLow < 8) {
    value = _mm256_and_si256(shift<-(four * kLow % 8)>(value), _mm256_set1_epi8((1 << kLow) - 1));
  }
  if constexpr (kHigh > 0) {
    const __m256i high = load(planes + 64 * (kLow + four * kHigh / 8));
    const __m256i mask = _mm256_set1_epi8(((1 << kHigh) - 1) << kLow);
    value = _mm256_or_si256(value, _mm256_and_si256(shift<kLow - four * kHigh % 8>(high), mask));
  }
  if constexpr (has_table(type)) {
    const __m256i table = _mm256_broadcastsi128_si256(load_half(kFormat.table));
    value = _mm256_shuffle_epi8(_mm256_add_epi8(table, _mm256_set1_epi8(kZero<type>)), value);
  }
  if constexpr (type == WeightType::q8_0) value = _mm256_xor_si256(value, _mm256_set1_epi8(-128));
  return value;
}

// 2^(exponent - 128), as half_power() has it.
inline __m256 half_powers(const std::uint8_t* at) {
  const __m256i exponent =
      _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at)));
  const __m256i one = _mm256_set1_epi32(1);
  const __m256i normal = _mm256_slli_epi32(_mm256_sub_epi32(exponent, one), 23);
  const __m256i subnormal = _mm256_sllv_epi32(_mm256_set1_epi32(0x00200000), exponent);
  const __m256i is_normal = _mm256_cmpgt_epi32(exponent, one);
  return _mm256_castsi256_ps(_mm256_blendv_epi8(subnormal, normal, is_normal));
}

template <WeightType type>
__m256 small_scales(const std::uint8_t* at, int half) {
  if constexpr (type == WeightType::mxfp4) return half_powers(at + 8 * half);
  return halves(at + 16 * half);
}

template <WeightType type>
constexpr bool kNeedsMinima = integer_format(type).has_min || kZero<type> != 0;

// The integer scales of two parts, in the low and high words of each row; `scales` are those of
// 256 inputs and this half.
template <WeightType type>
__m256i scale_pair(const std::uint8_t* scales, std::size_t pair) {
  const __m128i bytes = load_half(scales + 32 * pair);
  if constexpr (!integer_format(type).has_min) return _mm256_cvtepi8_epi16(bytes);
  const __m256i words = _mm256_cvtepu8_epi16(bytes);
  return type == WeightType::q2_k ? _mm256_and_si256(words, _mm256_set1_epi16(15)) : words;
}

// Their integer minima; where there are none, the scales, as every value is kZero too large.
template <WeightType type>
__m256i min_pair(const std::uint8_t* scales, std::size_t pair) {
  if constexpr (!integer_format(type).has_min) return scale_pair<type>(scales, pair);
  const __m128i bytes = load_half(scales + tile_layout(type).minima + 32 * pair);
  const __m256i words = _mm256_cvtepu8_epi16(bytes);
  return type == WeightType::q2_k ? _mm256_srli_epi16(words, 4) : words;
}

inline __m256 low_words(__m256i pair) {
  return _mm256_cvtepi32_ps(_mm256_srai_epi32(_mm256_slli_epi32(pair, 16), 16));
}
inline __m256 high_words(__m256i pair) { return _mm256_cvtepi32_ps(_mm256_srai_epi32(pair, 16)); }

// Adds 256 inputs to the sum of one row.
template <WeightType type>
__m256 with_super(const std::uint8_t* halves_at, __m256 scaled, __m256i minima,
                  float activation_scale, __m256 sum) {
  const __m256 scale = halves(halves_at);
  const __m256 whole = _mm256_set1_ps(activation_scale);
  if constexpr (integer_format(type).has_min) {
    const __m256 min = _mm256_mul_ps(_mm256_cvtepi32_ps(minima), halves(halves_at + 32));
    return _mm256_fmadd_ps(_mm256_fmsub_ps(scaled, scale, min), whole, sum);
  }
  if constexpr (kZero<type> != 0) {
    const __m256i excess = _mm256_mullo_epi32(minima, _mm256_set1_epi32(kZero<type>));
    scaled = _mm256_sub_ps(scaled, _mm256_cvtepi32_ps(excess));
  }
  return _mm256_fmadd_ps(_mm256_mul_ps(scaled, scale), whole, sum);
}

}  // namespace
}  // namespace wenyuan::compute

#endif
