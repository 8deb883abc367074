#include "compute/weight_type.h"

#include <array>
#include <cstring>

#include "base/assert.h"
#include "base/half.h"

namespace wenyuan::compute {
namespace {

std::uint16_t word(const std::uint8_t* at) {
  return static_cast<std::uint16_t>(at[0] | (at[1] << 8));
}

float half(const std::uint8_t* at) { return half_to_float(word(at)); }

std::uint32_t double_word(const std::uint8_t* at) {
  std::uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// Element `i` of a block of 32 nibbles: the low ones first, then the high ones.
int nibble(const std::uint8_t* quants, std::size_t i) {
  return i < 16 ? quants[i] & 15 : quants[i - 16] >> 4;
}

int fifth_bit(std::uint32_t bits, std::size_t i) { return static_cast<int>((bits >> i) & 1U) << 4; }

void decode_q8_0(const std::uint8_t* block, float* out) {
  const float scale = half(block);
  for (std::size_t i = 0; i < 32; ++i) {
    out[i] = static_cast<float>(static_cast<std::int8_t>(block[2 + i])) * scale;
  }
}

void decode_q4_0(const std::uint8_t* block, float* out) {
  const float scale = half(block);
  for (std::size_t i = 0; i < 32; ++i) {
    out[i] = static_cast<float>(nibble(block + 2, i) - 8) * scale;
  }
}

void decode_q4_1(const std::uint8_t* block, float* out) {
  const float scale = half(block);
  const float min = half(block + 2);
  for (std::size_t i = 0; i < 32; ++i) {
    out[i] = static_cast<float>(nibble(block + 4, i)) * scale + min;
  }
}

void decode_q5_0(const std::uint8_t* block, float* out) {
  const float scale = half(block);
  const std::uint32_t bits = double_word(block + 2);
  for (std::size_t i = 0; i < 32; ++i) {
    out[i] = static_cast<float>((nibble(block + 6, i) | fifth_bit(bits, i)) - 16) * scale;
  }
}

void decode_q5_1(const std::uint8_t* block, float* out) {
  const float scale = half(block);
  const float min = half(block + 2);
  const std::uint32_t bits = double_word(block + 4);
  for (std::size_t i = 0; i < 32; ++i) {
    out[i] = static_cast<float>(nibble(block + 8, i) | fifth_bit(bits, i)) * scale + min;
  }
}

// Q4_K and Q5_K: eight groups of 32, each with its own 6-bit scale and minimum.
void decode_k(const std::uint8_t* block, bool five_bits, float* out) {
  const float scale = half(block);
  const float min = half(block + 2);
  const std::uint8_t* high = block + 16;
  const std::uint8_t* low = block + (five_bits ? 48 : 16);
  for (std::size_t group = 0; group < 8; ++group) {
    const ScaleAndMin own = k_scale_and_min(block + 4, group);
    const float group_scale = scale * static_cast<float>(own.scale);
    const float group_min = min * static_cast<float>(own.min);
    for (std::size_t i = 0; i < 32; ++i) {
      const std::uint8_t pair = low[32 * (group / 2) + i];
      int value = group % 2 == 0 ? pair & 15 : pair >> 4;
      if (five_bits) value |= ((high[i] >> group) & 1) << 4;
      out[32 * group + i] = group_scale * static_cast<float>(value) - group_min;
    }
  }
}

void decode_q6_k(const std::uint8_t* block, float* out) {
  std::array<std::uint8_t, 256> values;
  q6_k_values(block, values);
  const float scale = half(block + 208);
  for (std::size_t i = 0; i < 256; ++i) {
    const auto group_scale = static_cast<std::int8_t>(block[192 + i / 16]);
    out[i] = scale * static_cast<float>(group_scale) * static_cast<float>(values[i] - 32);
  }
}

void decode_block(WeightType type, const std::uint8_t* block, float* out) {
  switch (type) {
    case WeightType::f32: std::memcpy(out, block, 4); return;
    case WeightType::f16: *out = half(block); return;
    case WeightType::bf16: *out = bfloat16_to_float(word(block)); return;
    case WeightType::q8_0: decode_q8_0(block, out); return;
    case WeightType::q4_0: decode_q4_0(block, out); return;
    case WeightType::q4_1: decode_q4_1(block, out); return;
    case WeightType::q5_0: decode_q5_0(block, out); return;
    case WeightType::q5_1: decode_q5_1(block, out); return;
    case WeightType::q4_k: decode_k(block, false, out); return;
    case WeightType::q5_k: decode_k(block, true, out); return;
    case WeightType::q6_k: decode_q6_k(block, out); return;
  }
}

}  // namespace

void dequantize(WeightType type, const std::uint8_t* blocks, std::span<float> out) {
  const WeightBlock size = weight_block(type);
  WY_ASSERT(out.size() % size.elements == 0);
  for (std::size_t at = 0; at < out.size(); at += size.elements, blocks += size.bytes) {
    decode_block(type, blocks, out.data() + at);
  }
}

ScaleAndMin k_scale_and_min(const std::uint8_t* packed, std::size_t at) {
  if (at < 4) {
    return {static_cast<std::uint8_t>(packed[at] & 63),
            static_cast<std::uint8_t>(packed[at + 4] & 63)};
  }
  return {static_cast<std::uint8_t>((packed[at + 4] & 15) | ((packed[at - 4] >> 6) << 4)),
          static_cast<std::uint8_t>((packed[at + 4] >> 4) | ((packed[at] >> 6) << 4))};
}

void q6_k_values(const std::uint8_t* block, std::span<std::uint8_t, 256> out) {
  for (std::size_t half_block = 0; half_block < 2; ++half_block) {
    const std::uint8_t* low = block + 64 * half_block;
    const std::uint8_t* high = block + 128 + 32 * half_block;
    std::uint8_t* values = out.data() + 128 * half_block;
    for (std::size_t i = 0; i < 32; ++i) {
      const int bits = high[i];
      values[i] = static_cast<std::uint8_t>((low[i] & 15) | ((bits & 3) << 4));
      values[i + 32] = static_cast<std::uint8_t>((low[i + 32] & 15) | (((bits >> 2) & 3) << 4));
      values[i + 64] = static_cast<std::uint8_t>((low[i] >> 4) | (((bits >> 4) & 3) << 4));
      values[i + 96] = static_cast<std::uint8_t>((low[i + 32] >> 4) | ((bits >> 6) << 4));
    }
  }
}

}  // namespace wenyuan::compute
