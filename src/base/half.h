// IEEE 754 half precision and bfloat16, in plain C++: the reference for the vectorised versions.
#pragma once

#include <bit>
#include <cstdint>

namespace wenyuan {

inline float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16;
  std::uint32_t exponent = (half >> 10) & 0x1FU;
  std::uint32_t mantissa = half & 0x3FFU;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000U | (mantissa << 13));
  if (exponent == 0) {
    if (mantissa == 0) return std::bit_cast<float>(sign);
    exponent = 1;
    while ((mantissa & 0x400U) == 0) {
      mantissa <<= 1;
      --exponent;
    }
    mantissa &= 0x3FFU;
  }
  return std::bit_cast<float>(sign | ((exponent + 112U) << 23) | (mantissa << 13));
}

// Rounds to nearest, ties to even; too large becomes infinity.
inline std::uint16_t float_to_half(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return static_cast<std::uint16_t>(sign | 0x7E00U);
  if (magnitude >= 0x477FF000U) return static_cast<std::uint16_t>(sign | 0x7C00U);
  if (magnitude < 0x33000001U) return static_cast<std::uint16_t>(sign);
  const auto round = [](std::uint32_t kept, std::uint32_t rest, std::uint32_t half_way) {
    return kept + (rest > half_way || (rest == half_way && (kept & 1U) != 0) ? 1U : 0U);
  };
  if (magnitude < 0x38800000U) {
    const std::uint32_t shift = 126U - (magnitude >> 23);
    const std::uint32_t mantissa = (magnitude & 0x7FFFFFU) | 0x800000U;
    const std::uint32_t kept = mantissa >> shift;
    return static_cast<std::uint16_t>(
        sign | round(kept, mantissa & ((1U << shift) - 1U), 1U << (shift - 1U)));
  }
  const std::uint32_t kept = (magnitude - 0x38000000U) >> 13;
  return static_cast<std::uint16_t>(sign | round(kept, magnitude & 0x1FFFU, 0x1000U));
}

inline float bfloat16_to_float(std::uint16_t value) {
  return std::bit_cast<float>(std::uint32_t{value} << 16);
}

}  // namespace wenyuan
