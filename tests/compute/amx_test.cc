#include <gtest/gtest.h>

#include "compute/matrix.h"
#include "tests/compute/helpers.h"

namespace wenyuan::compute {
namespace {

std::vector<float> product(const Matrix& matrix, const Kernels& kernels, std::size_t rows,
                           const std::vector<float>& x) {
  ThreadPool threads(2);
  Activations activations(kernels);
  activations.fill(rows, matrix.inputs(), matrix.form(), threads, [&](std::size_t row, float* out) {
    std::copy_n(x.data() + row * matrix.inputs(), matrix.inputs(), out);
  });
  std::vector<float> out(rows * matrix.outputs());
  const Product one{.matrix = &matrix, .out = out.data(), .stride = matrix.outputs()};
  multiply(activations, {&one, 1}, threads);
  return out;
}

TEST(Amx, GivesTheSameBitsAsAvx512) {
  if (!is_supported(InstructionSet::amx)) GTEST_SKIP() << "this processor has no AMX";
  for (const WeightType type : all_weight_types()) {
    const std::size_t block = weight_block(type).elements;
    for (const std::size_t inputs : {block == 256 ? 256U : 32U, 768U}) {
      for (const std::size_t rows : {15U, 16U, 33U, 141U}) {
        const std::size_t outputs = 37;
        const auto weights = random_weights(type, inputs * outputs, 5);
        const auto x = random_floats(rows * inputs, 6);
        const auto matrix = Matrix::create(type, inputs, outputs, weights);
        ASSERT_TRUE(matrix);
        EXPECT_EQ(product(*matrix, kernels(InstructionSet::amx), rows, x),
                  product(*matrix, kernels(InstructionSet::avx512), rows, x))
            << "type " << static_cast<int>(type) << ", " << inputs << " inputs, " << rows
            << " rows";
      }
    }
  }
}

}  // namespace
}  // namespace wenyuan::compute
