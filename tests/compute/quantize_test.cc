#include "compute/quantize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "compute/weight_integers.h"
#include "tests/compute/helpers.h"

namespace wenyuan::compute {
namespace {

constexpr std::size_t kColumns = 512;
constexpr std::size_t kCount = 16 * kColumns;

std::vector<float> normal_floats(std::size_t count, std::uint32_t seed, float scale) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float& value : values) {
    // The sum of twelve uniform numbers is near enough to normal, and the same everywhere.
    float sum = -6;
    for (int i = 0; i < 12; ++i) sum += static_cast<float>(random() % 65536) / 65536.0F;
    value = sum * scale;
  }
  return values;
}

std::vector<float> round_trip(WeightType type, const std::vector<float>& values,
                              const std::vector<float>& importance = {}) {
  std::vector<std::uint8_t> bytes(row_bytes(type, values.size()), 0xCD);
  EXPECT_TRUE(quantize(type, values, importance, bytes.data()));
  std::vector<float> decoded(values.size());
  dequantize(type, bytes.data(), decoded);
  return decoded;
}

double weighted_error(const std::vector<float>& values, const std::vector<float>& decoded,
                      const std::vector<float>& importance) {
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double off = double{values[i]} - double{decoded[i]};
    sum += off * off * double{importance[i % importance.size()]};
  }
  return sum;
}

// The root of the mean squared error, with numbers whose own is 1.
double error_of(WeightType type, const std::vector<float>& values) {
  const std::vector<float> alike = {1.0F};
  const std::vector<float> nothing(values.size());
  return std::sqrt(weighted_error(values, round_trip(type, values), alike) /
                   weighted_error(values, nothing, alike));
}

TEST(Quantize, StaysCloseToNormalNumbers) {
  const std::map<WeightType, double> bounds = {
      {WeightType::f32, 0},        {WeightType::f16, 0.00025},  {WeightType::bf16, 0.0018},
      {WeightType::q8_0, 0.0052},  {WeightType::q4_0, 0.083},   {WeightType::q4_1, 0.072},
      {WeightType::q5_0, 0.041},   {WeightType::q5_1, 0.035},   {WeightType::q2_k, 0.265},
      {WeightType::q3_k, 0.148},   {WeightType::q4_k, 0.0715},  {WeightType::q5_k, 0.0355},
      {WeightType::q6_k, 0.0173},  {WeightType::iq4_nl, 0.076}, {WeightType::iq4_xs, 0.0765},
      {WeightType::mxfp4, 0.1135},
  };
  for (const WeightType type : all_weight_types()) {
    for (const float scale : {0.02F, 1000.0F}) {
      const auto values = normal_floats(kCount, 1, scale);
      EXPECT_LE(error_of(type, values), bounds.at(type)) << "type " << static_cast<int>(type);
    }
  }
}

// Random values and integer scales that reach both ends of what they can be.
std::vector<std::uint8_t> representable_block(WeightType type, std::mt19937& random) {
  const IntegerFormat format = integer_format(type);
  const std::size_t count = weight_block(type).elements;
  const int end = (1 << (format.low_bits + format.high_bits)) - 1;
  BlockValues values{};
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = static_cast<std::uint8_t>(random() % static_cast<unsigned>(end + 1));
    if (i % format.part == 3) values[i] = type == WeightType::q8_0 ? 1 : 0;
    if (i % format.part == 7) values[i] = static_cast<std::uint8_t>(end);
    if (type == WeightType::q8_0 && values[i] == 0) values[i] = 1;
  }
  std::vector<std::uint8_t> block(weight_block(type).bytes);
  write_values(type, values, block.data());
  if (type == WeightType::mxfp4) {
    block[0] = 121;
    return block;
  }
  put_half(block.data() + format.scale_at, 0.03125F);
  if (format.has_min) {
    put_half(block.data() + format.scale_at + 2, count == 32 ? -0.25F : 0.03125F);
  }
  if (count == 32) return block;
  PartScales parts;
  const bool is_signed = !format.has_min;
  const int largest = type == WeightType::q2_k ? 15 : type == WeightType::q6_k ? 127 : 31;
  for (std::size_t i = 0; i < count / format.part; ++i) {
    const int own = i == 1 ? largest : 1 + static_cast<int>(random() % 15);
    parts.scales[i] = static_cast<std::int8_t>(is_signed && i != 1 ? own - 8 : own);
    parts.minima[i] = static_cast<std::uint8_t>(format.has_min ? std::min(own, 15) : 0);
  }
  if (format.has_min && type != WeightType::q2_k) parts.scales[1] = 63;
  if (format.has_min && type != WeightType::q2_k) parts.minima[1] = 63;
  if (type == WeightType::q6_k) parts.scales[1] = -128;
  if (type == WeightType::q3_k || type == WeightType::iq4_xs) parts.scales[1] = -32;
  write_scales(type, parts, block.data());
  return block;
}

TEST(Quantize, LosesNothingOfWhatTheFormatCanSay) {
  std::mt19937 random(3);
  for (const WeightType type : all_weight_types()) {
    if (weight_block(type).elements == 1) continue;
    for (int repeat = 0; repeat < 20; ++repeat) {
      const auto block = representable_block(type, random);
      std::vector<float> values(weight_block(type).elements);
      dequantize(type, block.data(), values);
      EXPECT_EQ(round_trip(type, values), values) << "type " << static_cast<int>(type);
    }
  }
}

TEST(Quantize, GivesMoreCareToWhatIsImportant) {
  const auto values = normal_floats(kCount, 4, 0.02F);
  auto importance = random_floats(kColumns, 5);
  for (float& one : importance) one = one * one * one * one + 0.01F;
  importance[7] = 0;
  for (const WeightType type : all_weight_types()) {
    if (weight_block(type).elements == 1) continue;
    const auto plain = round_trip(type, values);
    const auto careful = round_trip(type, values, importance);
    EXPECT_LT(weighted_error(values, careful, importance),
              0.985 * weighted_error(values, plain, importance))
        << "type " << static_cast<int>(type);
  }
}

TEST(Quantize, TakesImportancesThatAreAllAlikeForNone) {
  const auto values = normal_floats(kCount, 6, 1.0F);
  for (const WeightType type : all_weight_types()) {
    for (const float one : {0.0F, 4.0F}) {
      EXPECT_EQ(round_trip(type, values, std::vector<float>(kColumns, one)),
                round_trip(type, values));
    }
  }
}

TEST(Quantize, KeepsEachRowApart) {
  const auto values = normal_floats(4 * kColumns, 7, 1.0F);
  const auto importance = normal_floats(kColumns, 8, 0.01F);
  std::vector<float> positive;
  for (const float one : importance) positive.push_back(std::fabs(one));
  for (const WeightType type : all_weight_types()) {
    const auto all = round_trip(type, values, positive);
    const std::vector<float> third(values.begin() + 2 * kColumns, values.begin() + 3 * kColumns);
    const auto alone = round_trip(type, third, positive);
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), all.begin() + 2 * kColumns));
  }
}

TEST(Quantize, SurvivesNumbersThatAreHardToScale) {
  std::vector<float> one_peak(kColumns);
  one_peak[100] = -65504.0F;
  std::vector<float> counting(kColumns);
  std::iota(counting.begin(), counting.end(), 0.0F);
  std::vector<float> extremes(kColumns, 65504.0F);
  for (std::size_t i = 0; i < kColumns; i += 3) extremes[i] = -65504.0F;
  const std::vector<std::vector<float>> rows = {std::vector<float>(kColumns),
                                                std::vector<float>(kColumns, 0.5F),
                                                std::vector<float>(kColumns, -3.0F),
                                                std::vector<float>(kColumns, 1e-30F),
                                                one_peak,
                                                counting,
                                                extremes};
  for (const WeightType type : all_weight_types()) {
    for (const auto& row : rows) {
      const float largest = std::fabs(*std::max_element(
          row.begin(), row.end(), [](float a, float b) { return std::fabs(a) < std::fabs(b); }));
      const auto decoded = round_trip(type, row);
      for (std::size_t i = 0; i < row.size(); ++i) {
        ASSERT_LE(std::fabs(decoded[i] - row[i]), 0.36F * largest + 1e-30F)
            << "type " << static_cast<int>(type) << " row " << &row - rows.data() << " at " << i;
      }
    }
  }
}

TEST(Quantize, RefusesWhatItCannotStore) {
  std::vector<std::uint8_t> out(4096);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  for (const WeightType type : all_weight_types()) {
    for (const float bad : {nan, infinity, -infinity}) {
      std::vector<float> values(kColumns, 1.0F);
      values[300] = bad;
      const auto result = quantize(type, values, {}, out.data());
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
      EXPECT_NE(result.error().message.find("300"), std::string::npos);
    }
  }
  const std::vector<float> large(kColumns, 65536.0F);
  EXPECT_FALSE(quantize(WeightType::f16, large, {}, out.data()));
  EXPECT_FALSE(quantize(WeightType::q4_k, large, {}, out.data()));
  EXPECT_TRUE(quantize(WeightType::bf16, large, {}, out.data()));
  EXPECT_TRUE(quantize(WeightType::mxfp4, large, {}, out.data()));
}

TEST(Quantize, RefusesSizesAndImportancesThatDoNotFit) {
  std::vector<std::uint8_t> out(4096);
  const std::vector<float> values(512, 1.0F);
  const auto try_with = [&](std::size_t count, const std::vector<float>& importance) {
    return quantize(WeightType::q4_k, std::span(values).first(count), importance, out.data())
        .has_value();
  };
  EXPECT_TRUE(try_with(512, std::vector<float>(256, 1.0F)));
  EXPECT_TRUE(try_with(0, {}));
  EXPECT_FALSE(try_with(500, {}));
  EXPECT_FALSE(try_with(512, std::vector<float>(100, 1.0F)));
  EXPECT_FALSE(try_with(256, std::vector<float>(512, 1.0F)));
  EXPECT_FALSE(try_with(512, std::vector<float>(256, -1.0F)));
  EXPECT_FALSE(try_with(512, std::vector<float>(256, std::numeric_limits<float>::quiet_NaN())));
}

}  // namespace
}  // namespace wenyuan::compute
