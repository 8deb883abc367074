#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/text.h"
#include "compute/weight_type.h"
#include "tests/paths.h"

namespace wenyuan::compute {
namespace {

TEST(Dequantize, DecodesEveryFormatBitForBitAsTheReferenceDoes) {
  const std::map<std::string, WeightType> types = {
      {"F16", WeightType::f16},       {"BF16", WeightType::bf16},     {"Q8_0", WeightType::q8_0},
      {"Q4_0", WeightType::q4_0},     {"Q4_1", WeightType::q4_1},     {"Q5_0", WeightType::q5_0},
      {"Q5_1", WeightType::q5_1},     {"Q4_K", WeightType::q4_k},     {"Q5_K", WeightType::q5_k},
      {"Q6_K", WeightType::q6_k},     {"Q2_K", WeightType::q2_k},     {"Q3_K", WeightType::q3_k},
      {"IQ4_NL", WeightType::iq4_nl}, {"IQ4_XS", WeightType::iq4_xs}, {"MXFP4", WeightType::mxfp4}};
  std::ifstream file(project_dir() / "tests/compute/dequantized.txt");
  std::string name;
  std::string block_text;
  std::string floats_text;
  std::map<std::string, int> seen;
  while (file >> name >> block_text >> floats_text) {
    const auto block = from_hex(block_text);
    const auto expected = from_hex(floats_text);
    ASSERT_TRUE(block && expected);
    std::vector<float> decoded(expected->size() / sizeof(float));
    ASSERT_EQ(row_bytes(types.at(name), decoded.size()), block->size());
    dequantize(types.at(name), block->data(), decoded);
    EXPECT_EQ(std::memcmp(decoded.data(), expected->data(), expected->size()), 0) << name;
    ++seen[name];
  }
  EXPECT_EQ(seen.size(), types.size());
}

TEST(Dequantize, CopiesFloats) {
  const std::vector<float> values = {1.5F, -2.25F, 0.0F};
  std::vector<float> decoded(3);
  dequantize(WeightType::f32, reinterpret_cast<const std::uint8_t*>(values.data()), decoded);
  EXPECT_EQ(decoded, values);
}

}  // namespace
}  // namespace wenyuan::compute
