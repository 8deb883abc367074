#include <gtest/gtest.h>

#include <cmath>

#include "tests/compute/helpers.h"

namespace wenyuan::compute {
namespace {

constexpr std::size_t kCounts[] = {1, 2, 7, 8, 9, 16, 33, 384, 576};

TEST(Rows, NormaliseAlikeWithEveryInstructionSet) {
  for (const Kernels* kernels : kernels_here()) {
    for (const std::size_t count : kCounts) {
      const auto x = random_floats(count, 1, 3);
      const auto weight = random_floats(count, 2);
      const auto bias = random_floats(count, 3);
      std::vector<float> expected(count);
      std::vector<float> out(count);
      plain_rows().rms_norm(x.data(), weight.data(), count, 1e-5F, expected.data());
      kernels->rows.rms_norm(x.data(), weight.data(), count, 1e-5F, out.data());
      for (std::size_t i = 0; i < count; ++i) ASSERT_NEAR(out[i], expected[i], 2e-6F);
      if (count == 1) continue;
      plain_rows().layer_norm(x.data(), weight.data(), bias.data(), count, 1e-5F, expected.data());
      kernels->rows.layer_norm(x.data(), weight.data(), bias.data(), count, 1e-5F, out.data());
      for (std::size_t i = 0; i < count; ++i) ASSERT_NEAR(out[i], expected[i], 5e-6F);
    }
  }
}

TEST(Rows, ActivateAlikeWithEveryInstructionSet) {
  for (const Kernels* kernels : kernels_here()) {
    for (const std::size_t count : kCounts) {
      const auto x = random_floats(count, 4, 12);
      const auto up = random_floats(count, 5);
      std::vector<float> expected = x;
      std::vector<float> out = x;
      plain_rows().gelu(expected.data(), count);
      kernels->rows.gelu(out.data(), count);
      for (std::size_t i = 0; i < count; ++i) ASSERT_NEAR(out[i], expected[i], 3e-6F);
      plain_rows().swiglu(x.data(), up.data(), count, expected.data());
      kernels->rows.swiglu(x.data(), up.data(), count, out.data());
      for (std::size_t i = 0; i < count; ++i) ASSERT_NEAR(out[i], expected[i], 3e-6F);
    }
  }
}

TEST(Rows, SwigluOfHugeNumbersStaysFinite) {
  for (const Kernels* kernels : kernels_here()) {
    const std::vector<float> gate = {1000.0F, -1000.0F, 0.0F};
    const std::vector<float> up = {1.0F, 1.0F, 1.0F};
    std::vector<float> out(3);
    kernels->rows.swiglu(gate.data(), up.data(), 3, out.data());
    EXPECT_FLOAT_EQ(out[0], 1000.0F) << kernels->name;
    EXPECT_NEAR(out[1], 0.0F, 1e-30F) << kernels->name;
    EXPECT_EQ(out[2], 0.0F) << kernels->name;
  }
}

TEST(Rows, ExponentiateAlikeWithEveryInstructionSet) {
  for (const Kernels* kernels : kernels_here()) {
    for (const std::size_t count : kCounts) {
      auto x = random_floats(count, 6, 20);
      const float largest = kernels->rows.max(x.data(), count);
      EXPECT_EQ(largest, plain_rows().max(x.data(), count));
      auto expected = x;
      const float expected_sum = plain_rows().exp_minus(expected.data(), count, largest);
      const float sum = kernels->rows.exp_minus(x.data(), count, largest);
      EXPECT_NEAR(sum, expected_sum, expected_sum * 1e-6F);
      for (std::size_t i = 0; i < count; ++i) ASSERT_NEAR(x[i], expected[i], 3e-7F);
    }
  }
}

TEST(Rows, RotateAndRoundAlikeWithEveryInstructionSet) {
  for (const Kernels* kernels : kernels_here()) {
    for (const std::size_t count : {2U, 8U, 14U, 64U}) {
      const auto cosine = random_floats(count, 1);
      const auto sine = random_floats(count, 2);
      auto expected = random_floats(count, 3);
      auto out = expected;
      plain_rows().rotate_pairs(expected.data(), cosine.data(), sine.data(), count);
      kernels->rows.rotate_pairs(out.data(), cosine.data(), sine.data(), count);
      for (std::size_t i = 0; i < count; ++i) ASSERT_NEAR(out[i], expected[i], 1e-6F);
      std::vector<std::uint16_t> halves(count);
      std::vector<std::uint16_t> expected_halves(count);
      plain_rows().to_half(cosine.data(), count, expected_halves.data());
      kernels->rows.to_half(cosine.data(), count, halves.data());
      EXPECT_EQ(halves, expected_halves);
    }
  }
}

TEST(Rows, RoundToInt8AlikeWithEveryInstructionSet) {
  auto x = random_floats(512, 9, 5);
  std::fill_n(x.begin() + 32, 32, 0.0F);  // a group without any number
  for (const Kernels* kernels : kernels_here()) {
    for (const bool small : {true, false}) {
      struct Row {
        std::vector<std::int8_t> values = std::vector<std::int8_t>(512);
        std::vector<float> scales = std::vector<float>(16);
        std::vector<std::int32_t> sums = std::vector<std::int32_t>(32);
        std::vector<float> scaled = std::vector<float>(16);
        QuantRow row() { return {values.data(), scales.data(), sums.data(), scaled.data()}; }
      } out, expected;
      const auto run = [&](const RowKernels& rows, Row& into) {
        (small ? rows.quantize_32 : rows.quantize_256)(x.data(), x.size(), into.row());
      };
      run(plain_rows(), expected);
      run(kernels->rows, out);
      EXPECT_EQ(out.values, expected.values);
      EXPECT_EQ(out.scales, expected.scales);
      EXPECT_EQ(out.sums, expected.sums);
      EXPECT_EQ(out.scaled, expected.scaled);
    }
  }
}

}  // namespace
}  // namespace wenyuan::compute
