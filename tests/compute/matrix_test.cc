#include "compute/matrix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/compute/helpers.h"

namespace wenyuan::compute {
namespace {

struct Case {
  std::size_t inputs = 512;
  std::size_t outputs = 37;  // two whole tiles and a part
  std::size_t rows = 0;
};

std::vector<float> product(const Matrix& matrix, const Kernels& kernels, const Case& size,
                           const std::vector<float>& x, ThreadPool& threads) {
  Activations activations(kernels);
  activations.fill(size.rows, size.inputs, matrix.form(), threads,
                   [&](std::size_t row, float* out) {
                     std::copy_n(x.data() + row * size.inputs, size.inputs, out);
                   });
  std::vector<float> out(size.rows * size.outputs);
  const Product one{.matrix = &matrix, .out = out.data(), .stride = size.outputs};
  multiply(activations, {&one, 1}, threads);
  return out;
}

// In double precision, with the activations rounded to 8 bits as the format has it.
std::vector<float> expected_product(WeightType type, const std::vector<std::uint8_t>& weights,
                                    const Case& size, const std::vector<float>& x) {
  const std::size_t group = weight_block(type).elements;
  std::vector<float> decoded(size.inputs * size.outputs);
  dequantize(type, weights.data(), decoded);
  std::vector<double> rounded(x.begin(), x.end());
  for (std::size_t at = 0; group > 1 && at < x.size(); at += group) {
    float largest = 0;
    for (std::size_t i = at; i < at + group; ++i) largest = std::max(largest, std::fabs(x[i]));
    const float inverse = largest > 0 ? 127.0F / largest : 0.0F;
    for (std::size_t i = at; i < at + group; ++i) {
      rounded[i] = std::nearbyint(double{x[i] * inverse}) * double{largest / 127.0F};
    }
  }
  std::vector<float> out(size.rows * size.outputs);
  for (std::size_t row = 0; row < size.rows; ++row) {
    for (std::size_t o = 0; o < size.outputs; ++o) {
      double sum = 0;
      for (std::size_t i = 0; i < size.inputs; ++i) {
        sum += double{decoded[o * size.inputs + i]} * rounded[row * size.inputs + i];
      }
      out[row * size.outputs + o] = static_cast<float>(sum);
    }
  }
  return out;
}

TEST(Matrix, MultipliesEveryFormatWithEveryInstructionSet) {
  ThreadPool threads(1);
  for (const WeightType type : all_weight_types()) {
    for (const std::size_t rows : {1U, 2U, 3U, 7U, 15U, 37U}) {
      const Case size{.rows = rows};
      const auto weights = random_weights(type, size.inputs * size.outputs, 7);
      const auto x = random_floats(rows * size.inputs, 8);
      const auto expected = expected_product(type, weights, size, x);
      const auto matrix = Matrix::create(type, size.inputs, size.outputs, weights);
      ASSERT_TRUE(matrix);
      for (const Kernels* kernels : kernels_here()) {
        const auto out = product(*matrix, *kernels, size, x, threads);
        for (std::size_t i = 0; i < out.size(); ++i) {
          ASSERT_NEAR(out[i], expected[i], 2e-3F)
              << kernels->name << " type " << static_cast<int>(type) << " at " << i;
        }
      }
    }
  }
}

// A byte that makes values and integer scales as large as they get.
std::uint8_t largest_byte(WeightType type) {
  switch (type) {
    case WeightType::q8_0: return 0x80;  // -128
    case WeightType::q3_k:
    case WeightType::iq4_nl:
    case WeightType::iq4_xs: return 0;
    case WeightType::mxfp4: return 0x77;
    default: return 0xFF;
  }
}

TEST(Matrix, SurvivesTheLargestValuesOfEveryFormat) {
  ThreadPool threads(1);
  for (const WeightType type : all_weight_types()) {
    const WeightBlock block = weight_block(type);
    if (block.elements == 1) continue;
    for (const float second : {1.0F, -1.0F}) {
      const Case size{.inputs = 256, .outputs = 16, .rows = 9};
      auto weights = random_weights(type, size.inputs * size.outputs, 7);
      const ScalePlace place = scale_place(type);
      const std::size_t scale_size = type == WeightType::mxfp4 ? 1 : place.has_min ? 4 : 2;
      for (std::size_t i = 0; i < weights.size(); ++i) {
        const std::size_t at = i % block.bytes;
        if (at >= place.scale && at < place.scale + scale_size) continue;
        weights[i] = type == WeightType::q6_k && at >= 192 ? 0x80 : largest_byte(type);
      }
      std::vector<float> x(size.rows * size.inputs, 1.0F);
      for (std::size_t i = 0; i < x.size(); i += 2) x[i] = second;
      const auto expected = expected_product(type, weights, size, x);
      const auto matrix = Matrix::create(type, size.inputs, size.outputs, weights);
      ASSERT_TRUE(matrix);
      for (const Kernels* kernels : kernels_here()) {
        const auto out = product(*matrix, *kernels, size, x, threads);
        for (std::size_t i = 0; i < out.size(); ++i) {
          ASSERT_NEAR(out[i], expected[i], 2e-3F + std::fabs(expected[i]) * 1e-4F)
              << kernels->name << " type " << static_cast<int>(type);
        }
      }
    }
  }
}

TEST(Matrix, GivesTheSameBitsForARowAloneAndInAnyBatchWithAnyThreads) {
  ThreadPool one(1);
  ThreadPool three(3);
  const Case many{.outputs = 200, .rows = 141};
  const Case single{.outputs = 200, .rows = 1};
  for (const WeightType type : all_weight_types()) {
    const auto weights = random_weights(type, many.inputs * many.outputs, 3);
    const auto x = random_floats(many.rows * many.inputs, 4);
    const auto matrix = Matrix::create(type, many.inputs, many.outputs, weights);
    ASSERT_TRUE(matrix);
    for (const Kernels* kernels : kernels_here()) {
      if (std::string_view(kernels->name) == "plain" && type != WeightType::q4_1) continue;
      const auto all = product(*matrix, *kernels, many, x, three);
      for (const std::size_t row : {0U, 5U, 127U, 128U, 140U}) {
        const std::vector<float> own(
            x.begin() + static_cast<std::ptrdiff_t>(row * many.inputs),
            x.begin() + static_cast<std::ptrdiff_t>((row + 1) * many.inputs));
        const auto alone = product(*matrix, *kernels, single, own, one);
        EXPECT_TRUE(std::equal(alone.begin(), alone.end(),
                               all.begin() + static_cast<std::ptrdiff_t>(row * many.outputs)))
            << kernels->name << " type " << static_cast<int>(type) << " row " << row;
      }
    }
  }
}

TEST(Matrix, LosesNothingWhenExact) {
  ThreadPool threads(2);
  const Case size{.rows = 3};
  const auto weights = random_weights(WeightType::q4_k, size.inputs * size.outputs, 1);
  const auto x = random_floats(size.rows * size.inputs, 2);
  std::vector<float> decoded(size.inputs * size.outputs);
  dequantize(WeightType::q4_k, weights.data(), decoded);
  const auto matrix = Matrix::create(WeightType::q4_k, size.inputs, size.outputs, weights,
                                     {.precision = Precision::exact});
  ASSERT_TRUE(matrix);
  const auto out = product(*matrix, best_kernels(), size, x, threads);
  for (std::size_t i = 0; i < out.size(); ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < size.inputs; ++k) {
      sum += double{x[i / size.outputs * size.inputs + k]} *
             double{decoded[i % size.outputs * size.inputs + k]};
    }
    EXPECT_NEAR(out[i], sum, 1e-5);
  }
}

TEST(Matrix, AddsBiasAndWhatWasThere) {
  ThreadPool threads(1);
  const std::vector<float> weights = {1, 2, 3, 4};
  const auto matrix = Matrix::create(WeightType::f32, 2, 2,
                                     {reinterpret_cast<const std::uint8_t*>(weights.data()), 16});
  ASSERT_TRUE(matrix);
  Activations x;
  x.fill(1, 2, matrix->form(), threads, [](std::size_t, float* out) { out[0] = out[1] = 1; });
  const std::vector<float> bias = {10, 20};
  std::vector<float> out = {100, 200};
  const Product one{.matrix = &*matrix, .bias = bias, .out = out.data(), .stride = 2, .add = true};
  multiply(x, {&one, 1}, threads);
  EXPECT_EQ(out, (std::vector<float>{113, 227}));
}

TEST(Matrix, RefusesBytesThatDoNotFit) {
  const std::vector<std::uint8_t> bytes(36);
  EXPECT_FALSE(Matrix::create(WeightType::q4_0, 32, 1, bytes));
  EXPECT_FALSE(Matrix::create(WeightType::q4_0, 33, 2, bytes));
  EXPECT_FALSE(Matrix::create(WeightType::q4_0, 0, 2, bytes));
  EXPECT_FALSE(Matrix::create(WeightType::q4_0, 32, 0, bytes));
  EXPECT_TRUE(Matrix::create(WeightType::q4_0, 32, 2, bytes));
}

}  // namespace
}  // namespace wenyuan::compute
