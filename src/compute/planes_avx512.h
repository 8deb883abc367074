// How the 16-row tiles of quantised weights are read with AVX-512: values, scales, minima.
//
// For files that are compiled for AVX-512 (and AMX) alone: everything here is local to them.
#pragma once

#if defined(__AVX512VNNI__)

#include <immintrin.h>

#include "compute/kernels.h"
#include "compute/tile_layout.h"

namespace wenyuan::compute {
namespace {

// How far ahead of the weights in use memory is asked for more, across the ends of pages, where the
// processor's own prefetching stops.
constexpr std::size_t kBytesAhead = 4608;

template <std::size_t bytes>
void prefetch(const std::uint8_t* at) {
#pragma GCC unroll 16
  for (std::size_t i = 0; i < bytes; i += 64) {
    _mm_prefetch(reinterpret_cast<const char*>(at + kBytesAhead + i), _MM_HINT_T0);
  }
}

inline __m512i load(const std::uint8_t* at) { return _mm512_loadu_si512(at); }

inline __m512 halves(const std::uint8_t* at) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
}

// Four bytes or two words in every lane.
template <class T>
inline __m512i everywhere(const T* at) {
  std::int32_t bits;
  __builtin_memcpy(&bits, at, sizeof bits);
  return _mm512_set1_epi32(bits);
}

template <int left>
__m512i shift(__m512i x) {
  if constexpr (left > 0) return _mm512_slli_epi16(x, left);
  if constexpr (left < 0) return _mm512_srli_epi16(x, -left);
  return x;
}

// Four weights each of 16 rows, as unsigned bytes: those of inputs 4 * four on out of the 32 whose
// planes are given. They are kZero too large.
template <WeightType type, int four>
__m512i weights(const std::uint8_t* planes) {
  constexpr IntegerFormat kFormat = integer_format(type);
  constexpr int kLow = kFormat.low_bits;
  constexpr int kHigh = kFormat.high_bits;
  __m512i value = load(planes + 64 * (four * kLow / 8));
  if constexpr (kLow < 8) {
    value = _mm512_and_si512(shift<-(four * kLow % 8)>(value), _mm512_set1_epi8((1 << kLow) - 1));
  }
  if constexpr (kHigh > 0) {
    const __m512i high = load(planes + 64 * (kLow + four * kHigh / 8));
    const __m512i mask = _mm512_set1_epi8(((1 << kHigh) - 1) << kLow);
    constexpr int kOrAnd = 0xF8;  // a | (b & c)
    value = _mm512_ternarylogic_epi32(value, shift<kLow - four * kHigh % 8>(high), mask, kOrAnd);
  }
  if constexpr (has_table(type)) {
    const __m128i table = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kFormat.table));
    const __m512i unsigned_table =
        _mm512_xor_si512(_mm512_broadcast_i32x4(table), _mm512_set1_epi8(-128));
    value = _mm512_shuffle_epi8(unsigned_table, value);
  }
  return value;
}

// What unsigned bytes of weights() are too large by.
template <WeightType type>
constexpr std::int32_t kZero = has_table(type) ? 128 : integer_format(type).zero;

// 2^(exponent - 128), as half_power() has it.
inline __m512 half_powers(const std::uint8_t* at) {
  const __m512i exponent =
      _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
  const __m512i normal = _mm512_slli_epi32(_mm512_sub_epi32(exponent, _mm512_set1_epi32(1)), 23);
  const __m512i subnormal = _mm512_sllv_epi32(_mm512_set1_epi32(0x00200000), exponent);
  const __mmask16 is_normal = _mm512_cmpgt_epi32_mask(exponent, _mm512_set1_epi32(1));
  return _mm512_castsi512_ps(_mm512_mask_blend_epi32(is_normal, subnormal, normal));
}

template <WeightType type>
__m512 small_scales(const std::uint8_t* at) {
  if constexpr (type == WeightType::mxfp4) return half_powers(at);
  return halves(at);
}

inline __m512i words(const std::uint8_t* at, bool is_signed) {
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  return is_signed ? _mm512_cvtepi8_epi16(bytes) : _mm512_cvtepu8_epi16(bytes);
}

// The integer scales of two parts, in the low and high words of each row; `scales` are those of
// 256 inputs.
template <WeightType type>
__m512i scale_pair(const std::uint8_t* scales, std::size_t pair) {
  const __m512i own = words(scales + 32 * pair, !integer_format(type).has_min);
  if constexpr (type == WeightType::q2_k) return _mm512_and_si512(own, _mm512_set1_epi16(15));
  return own;
}

// Their integer minima; where there are none, the scales, as every value is kZero too large.
template <WeightType type>
__m512i min_pair(const std::uint8_t* scales, std::size_t pair) {
  if constexpr (!integer_format(type).has_min) return scale_pair<type>(scales, pair);
  if constexpr (type == WeightType::q2_k)
    return _mm512_srli_epi16(words(scales + 32 * pair, false), 4);
  return words(scales + tile_layout(type).scales + 32 * pair, false);
}

inline __m512 low_words(__m512i pair) {
  return _mm512_cvtepi32_ps(_mm512_srai_epi32(_mm512_slli_epi32(pair, 16), 16));
}
inline __m512 high_words(__m512i pair) { return _mm512_cvtepi32_ps(_mm512_srai_epi32(pair, 16)); }

// Adds 256 inputs to the sum of one row: `scaled` is the sum over its parts of products times
// integer scales, `minima` that of integer minima times sums of activations.
template <WeightType type>
__m512 with_super(const std::uint8_t* halves_at, __m512 scaled, __m512i minima,
                  float activation_scale, __m512 sum) {
  const __m512 scale = halves(halves_at);
  __m512 own;
  if constexpr (integer_format(type).has_min) {
    own = _mm512_fmsub_ps(scaled, scale,
                          _mm512_mul_ps(_mm512_cvtepi32_ps(minima), halves(halves_at + 32)));
  } else {
    constexpr int kShift = __builtin_ctz(kZero<type>);
    const __m512 excess = _mm512_cvtepi32_ps(_mm512_slli_epi32(minima, kShift));
    own = _mm512_mul_ps(_mm512_sub_ps(scaled, excess), scale);
  }
  return _mm512_fmadd_ps(own, _mm512_set1_ps(activation_scale), sum);
}

}  // namespace
}  // namespace wenyuan::compute

#endif
