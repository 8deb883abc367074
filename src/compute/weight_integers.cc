#include "compute/weight_integers.h"

#include <bit>

#include "base/assert.h"

namespace wenyuan::compute {
namespace {

constexpr std::uint8_t byte(int value) { return static_cast<std::uint8_t>(value); }

// Some bits of one byte.
struct Field {
  std::size_t at;
  int shift;
  int mask;

  constexpr int read(const std::uint8_t* bytes) const { return (bytes[at] >> shift) & mask; }
  constexpr void write(std::uint8_t* bytes, int value) const {
    bytes[at] = byte((bytes[at] & ~(mask << shift)) | ((value & mask) << shift));
  }
};

// Where a value of a block has its low and its high bits; a mask of 0 means
// that there are none.
struct ValueFields {
  Field low;
  Field high;
};

// 32 nibbles: those of the first 16 values are the low ones.
constexpr Field nibble(std::size_t begin, std::size_t i) {
  return {begin + i % 16, i % 32 < 16 ? 0 : 4, 15};
}

constexpr Field fifth_bit(std::size_t begin, std::size_t i) {
  return {begin + i / 8, static_cast<int>(i % 8), 1};
}

// The 256 values of a super block stand in rows of 32, several rows in the same
// bytes.
constexpr Field in_rows(std::size_t begin, std::size_t i, int bits) {
  const std::size_t rows_per_byte = 8 / static_cast<std::size_t>(bits);
  const std::size_t row = i / 32;
  return {begin + 32 * (row / rows_per_byte) + i % 32, bits * static_cast<int>(row % rows_per_byte),
          (1 << bits) - 1};
}

// Q6_K has its nibbles in rows of 64 instead.
constexpr Field in_rows_of_64(std::size_t begin, std::size_t i) {
  return {begin + 64 * (i / 128) + i % 64, i % 128 < 64 ? 0 : 4, 15};
}

constexpr ValueFields fields(WeightType type, std::size_t i) {
  const Field none{0, 0, 0};
  switch (type) {
    case WeightType::q8_0: return {{2 + i, 0, 255}, none};
    case WeightType::q4_0:
    case WeightType::iq4_nl: return {nibble(2, i), none};
    case WeightType::q4_1: return {nibble(4, i), none};
    case WeightType::q5_0: return {nibble(6, i), fifth_bit(2, i)};
    case WeightType::q5_1: return {nibble(8, i), fifth_bit(4, i)};
    case WeightType::mxfp4: return {nibble(1, i), none};
    case WeightType::q2_k: return {in_rows(16, i, 2), none};
    case WeightType::q3_k: return {in_rows(32, i, 2), in_rows(0, i, 1)};
    case WeightType::q4_k: return {in_rows(16, i, 4), none};
    case WeightType::q5_k: return {in_rows(48, i, 4), in_rows(16, i, 1)};
    case WeightType::q6_k: return {in_rows_of_64(0, i), in_rows(128, i, 2)};
    case WeightType::iq4_xs: return {nibble(8 + 16 * (i / 32), i), none};
    case WeightType::f32:
    case WeightType::f16:
    case WeightType::bf16: break;
  }
  return {none, none};
}

// Compiled for each type, as models have billions of values; in runs of 16 values that stand behind
// each other in the same bits of their bytes.
template <WeightType type>
void read_all(const std::uint8_t* block, BlockValues& values) {
  constexpr IntegerFormat kFormat = integer_format(type);
  constexpr bool kHasFifthBits = type == WeightType::q5_0 || type == WeightType::q5_1;
  for (std::size_t begin = 0; begin < weight_block(type).elements; begin += 16) {
    const ValueFields at = fields(type, begin);
    std::uint8_t* out = values.data() + begin;
    for (std::size_t i = 0; i < 16; ++i) {
      const int value = (block[at.low.at + i] >> at.low.shift) & at.low.mask;
      out[i] = byte(type == WeightType::q8_0 ? value ^ 0x80 : value);  // its bytes are signed
    }
    for (std::size_t i = 0; kFormat.high_bits != 0 && i < 16; ++i) {
      const int value = kHasFifthBits ? (block[at.high.at + i / 8] >> (i % 8)) & 1
                                      : (block[at.high.at + i] >> at.high.shift) & at.high.mask;
      out[i] = byte(out[i] | (value << kFormat.low_bits));
    }
  }
}

template <WeightType type>
void write_all(const BlockValues& values, std::uint8_t* block) {
  constexpr int kLowBits = integer_format(type).low_bits;
  for (std::size_t i = 0; i < weight_block(type).elements; ++i) {
    const ValueFields at = fields(type, i);
    const int value = type == WeightType::q8_0 ? values[i] ^ 0x80 : values[i];
    at.low.write(block, value);
    if (at.high.mask != 0) at.high.write(block, value >> kLowBits);
  }
}

struct Codec {
  void (*read)(const std::uint8_t*, BlockValues&) = nullptr;
  void (*write)(const BlockValues&, std::uint8_t*) = nullptr;
};

template <WeightType type>
Codec codec_of() {
  return {read_all<type>, write_all<type>};
}

Codec codec(WeightType type) {
  switch (type) {
    case WeightType::f32:
    case WeightType::f16:
    case WeightType::bf16: break;
    case WeightType::q8_0: return codec_of<WeightType::q8_0>();
    case WeightType::q4_0: return codec_of<WeightType::q4_0>();
    case WeightType::q4_1: return codec_of<WeightType::q4_1>();
    case WeightType::q5_0: return codec_of<WeightType::q5_0>();
    case WeightType::q5_1: return codec_of<WeightType::q5_1>();
    case WeightType::q2_k: return codec_of<WeightType::q2_k>();
    case WeightType::q3_k: return codec_of<WeightType::q3_k>();
    case WeightType::q4_k: return codec_of<WeightType::q4_k>();
    case WeightType::q5_k: return codec_of<WeightType::q5_k>();
    case WeightType::q6_k: return codec_of<WeightType::q6_k>();
    case WeightType::iq4_nl: return codec_of<WeightType::iq4_nl>();
    case WeightType::iq4_xs: return codec_of<WeightType::iq4_xs>();
    case WeightType::mxfp4: return codec_of<WeightType::mxfp4>();
  }
  WY_ASSERT(false);
  return {};
}

// Six bits in two places.
struct SplitField {
  Field low;
  Field high;
  int low_bits;

  int read(const std::uint8_t* bytes) const {
    return low.read(bytes) | (high.read(bytes) << low_bits);
  }
  void write(std::uint8_t* bytes, int value) const {
    low.write(bytes, value);
    if (high.mask != 0) high.write(bytes, value >> low_bits);
  }
};

// The scales and minima of Q4_K and Q5_K share 12 bytes.
SplitField k_scale(std::size_t part) {
  if (part < 4) return {{4 + part, 0, 63}, {0, 0, 0}, 6};
  return {{8 + part, 0, 15}, {part, 6, 3}, 4};
}

SplitField k_min(std::size_t part) {
  if (part < 4) return {{8 + part, 0, 63}, {0, 0, 0}, 6};
  return {{8 + part, 4, 15}, {4 + part, 6, 3}, 4};
}

// Of Q3_K and IQ4_XS, before 32 is taken off.
SplitField signed_scale(WeightType type, std::size_t part) {
  if (type == WeightType::iq4_xs) {
    return {{4 + part / 2, part % 2 == 0 ? 0 : 4, 15},
            {2 + part / 4, 2 * static_cast<int>(part % 4), 3},
            4};
  }
  return {{96 + part % 8, part < 8 ? 0 : 4, 15},
          {104 + part % 4, 2 * static_cast<int>(part / 4), 3},
          4};
}

}  // namespace

void read_values(WeightType type, const std::uint8_t* block, BlockValues& values) {
  codec(type).read(block, values);
}

void write_values(WeightType type, const BlockValues& values, std::uint8_t* block) {
  codec(type).write(values, block);
}

PartScales read_scales(WeightType type, const std::uint8_t* block) {
  PartScales parts;
  const std::size_t count = weight_block(type).elements / integer_format(type).part;
  for (std::size_t i = 0; i < count; ++i) {
    switch (type) {
      case WeightType::q2_k:
        parts.scales[i] = static_cast<std::int8_t>(block[i] & 15);
        parts.minima[i] = byte(block[i] >> 4);
        break;
      case WeightType::q4_k:
      case WeightType::q5_k:
        parts.scales[i] = static_cast<std::int8_t>(k_scale(i).read(block));
        parts.minima[i] = byte(k_min(i).read(block));
        break;
      case WeightType::q6_k: parts.scales[i] = static_cast<std::int8_t>(block[192 + i]); break;
      case WeightType::q3_k:
      case WeightType::iq4_xs:
        parts.scales[i] = static_cast<std::int8_t>(signed_scale(type, i).read(block) - 32);
        break;
      default: WY_ASSERT(false);
    }
  }
  return parts;
}

void write_scales(WeightType type, const PartScales& parts, std::uint8_t* block) {
  const std::size_t count = weight_block(type).elements / integer_format(type).part;
  for (std::size_t i = 0; i < count; ++i) {
    const int scale = parts.scales[i];
    switch (type) {
      case WeightType::q2_k: block[i] = byte(scale | (parts.minima[i] << 4)); break;
      case WeightType::q4_k:
      case WeightType::q5_k:
        k_scale(i).write(block, scale);
        k_min(i).write(block, parts.minima[i]);
        break;
      case WeightType::q6_k: block[192 + i] = byte(scale); break;
      case WeightType::q3_k:
      case WeightType::iq4_xs: signed_scale(type, i).write(block, scale + 32); break;
      default: WY_ASSERT(false);
    }
  }
}

float half_power(std::uint8_t exponent) {
  // The two smallest are subnormal.
  const std::uint32_t bits =
      exponent < 2 ? std::uint32_t{0x00200000} << exponent : (exponent - std::uint32_t{1}) << 23;
  return std::bit_cast<float>(bits);
}

}  // namespace wenyuan::compute
