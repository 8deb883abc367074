#include "compute/weight_type.h"

#include <cstring>

#include "base/assert.h"
#include "base/half.h"
#include "compute/weight_integers.h"

namespace wenyuan::compute {
namespace {

std::uint16_t word(const std::uint8_t* at) {
  return static_cast<std::uint16_t>(at[0] | (at[1] << 8));
}

float half(const std::uint8_t* at) { return half_to_float(word(at)); }

struct BlockScale {
  float scale;
  float min;
};

BlockScale block_scale(WeightType type, const std::uint8_t* block) {
  if (type == WeightType::mxfp4) return {half_power(block[0]), 0};
  const IntegerFormat format = integer_format(type);
  const std::uint8_t* at = block + format.scale_at;
  return {half(at), format.has_min ? half(at + 2) : 0.0F};
}

// What the values stand for.
void put_numbers(const IntegerFormat& format, const std::uint8_t* values, std::size_t count,
                 float* out) {
  if (format.table == nullptr) {
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(values[i] - format.zero);
  } else {
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(format.table[values[i]]);
  }
}

// The order of the operations is that of the reference implementations: the bits come out alike.
void decode_small(WeightType type, const std::uint8_t* block, float* out) {
  const BlockScale own = block_scale(type, block);
  for (std::size_t i = 0; i < 32; ++i) out[i] *= own.scale;
  if (!integer_format(type).has_min) return;
  for (std::size_t i = 0; i < 32; ++i) out[i] += own.min;
}

void decode_super(WeightType type, const std::uint8_t* block, float* out) {
  const IntegerFormat format = integer_format(type);
  const BlockScale own = block_scale(type, block);
  const PartScales parts = read_scales(type, block);
  for (std::size_t part = 0; part < 256 / format.part; ++part, out += format.part) {
    const float scale = own.scale * static_cast<float>(parts.scales[part]);
    for (std::size_t i = 0; i < format.part; ++i) out[i] *= scale;
    if (!format.has_min) continue;
    const float min = own.min * static_cast<float>(parts.minima[part]);
    for (std::size_t i = 0; i < format.part; ++i) out[i] -= min;
  }
}

void decode_block(WeightType type, const std::uint8_t* block, float* out) {
  BlockValues values;
  read_values(type, block, values);
  const std::size_t count = weight_block(type).elements;
  put_numbers(integer_format(type), values.data(), count, out);
  (count == 32 ? decode_small : decode_super)(type, block, out);
}

}  // namespace

void dequantize(WeightType type, const std::uint8_t* blocks, std::span<float> out) {
  const WeightBlock size = weight_block(type);
  WY_ASSERT(out.size() % size.elements == 0);
  switch (type) {
    case WeightType::f32: std::memcpy(out.data(), blocks, out.size_bytes()); return;
    case WeightType::f16:
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = half(blocks + 2 * i);
      return;
    case WeightType::bf16:
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = bfloat16_to_float(word(blocks + 2 * i));
      return;
    default: break;
  }
  for (std::size_t at = 0; at < out.size(); at += size.elements, blocks += size.bytes) {
    decode_block(type, blocks, out.data() + at);
  }
}

}  // namespace wenyuan::compute
