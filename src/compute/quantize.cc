#include "compute/quantize.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>

#include "base/half.h"
#include "compute/quantize_blocks.h"

namespace wenyuan::compute {
namespace {

constexpr float kHalfMax = 65504.0F;

void put_word(std::uint16_t word, std::uint8_t* out) {
  out[0] = static_cast<std::uint8_t>(word & 0xFF);
  out[1] = static_cast<std::uint8_t>(word >> 8);
}

// To nearest, ties to even.
std::uint16_t float_to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

// Beyond it, the number or a scale would become infinite.
float largest_number(WeightType type) {
  switch (type) {
    case WeightType::f32:
    case WeightType::mxfp4: return 3.0e38F;
    case WeightType::bf16: return 3.38e38F;
    default: return kHalfMax;
  }
}

Status check(WeightType type, std::span<const float> values, std::span<const float> importance) {
  const auto invalid = [](std::string why) {
    return Error{ErrorCode::invalid_argument, std::move(why)};
  };
  const std::size_t block = weight_block(type).elements;
  if (values.size() % block != 0) {
    return invalid(std::to_string(values.size()) + " weights are no whole blocks of " +
                   std::to_string(block));
  }
  if (!importance.empty() &&
      (importance.size() % block != 0 || values.size() % importance.size() != 0)) {
    return invalid(std::to_string(importance.size()) + " importances do not fit " +
                   std::to_string(values.size()) + " weights");
  }
  const float largest = largest_number(type);
  for (std::size_t i = 0; i < values.size(); ++i) {
    // Not a number is not below anything.
    if (!(std::fabs(values[i]) <= largest)) {
      return invalid("weight " + std::to_string(i) + " is " + std::to_string(values[i]) +
                     ", which the format cannot store");
    }
  }
  for (const float one : importance) {
    if (!(one >= 0 && one <= 1e30F)) {
      return invalid("an importance of " + std::to_string(one) + " is no weight");
    }
  }
  return Done{};
}

// What the importances of a block are for the search: at most 1, and never 0, as a number that does
// not matter at all could end up anywhere.
void put_weights(std::span<const float> importance, std::array<float, 256>& weights,
                 std::size_t count) {
  constexpr float kWeightMin = 1e-6F;
  const float largest =
      importance.empty() ? 0.0F : *std::max_element(importance.begin(), importance.end());
  for (std::size_t i = 0; i < count; ++i) {
    weights[i] = largest > 0 ? std::max(importance[i] / largest, kWeightMin) : 1.0F;
  }
}

}  // namespace

Status quantize(WeightType type, std::span<const float> values, std::span<const float> importance,
                std::uint8_t* out) {
  WY_RETURN_IF_ERROR(check(type, values, importance));
  const WeightBlock size = weight_block(type);
  if (type == WeightType::f32) {
    std::memcpy(out, values.data(), values.size_bytes());
    return Done{};
  }
  if (size.elements == 1) {
    for (const float value : values) {
      put_word(type == WeightType::f16 ? float_to_half(value) : float_to_bfloat16(value), out);
      out += 2;
    }
    return Done{};
  }
  std::array<float, 256> weights{};
  for (std::size_t at = 0; at < values.size(); at += size.elements, out += size.bytes) {
    const auto own =
        importance.empty() ? importance : importance.subspan(at % importance.size(), size.elements);
    put_weights(own, weights, size.elements);
    (size.elements == 32 ? quantize_small : quantize_super)(type, values.data() + at,
                                                            weights.data(), out);
  }
  return Done{};
}

}  // namespace wenyuan::compute
