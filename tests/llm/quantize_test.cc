#include "llm/quantize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "compute/weight_type.h"
#include "llm/convert.h"
#include "llm/gguf_writer.h"
#include "llm/weight_formats.h"
#include "tests/llm/reference_checkpoint.h"
#include "tests/llm/tiny_models.h"

namespace wenyuan::llm {
namespace {

TensorView tensor(const std::string& name, std::vector<std::uint64_t> shape) {
  return {name, TensorType::f16, std::move(shape), {}};
}

TEST(QuantizeMix, IsFoundByItsNameInAnyCaseAndByItsShortName) {
  EXPECT_EQ(quantize_mix("q4_k_m")->name, "Q4_K_M");
  EXPECT_EQ(quantize_mix("Q4_K")->name, "Q4_K_M");
  EXPECT_EQ(quantize_mix("mxfp4")->name, "MXFP4_MOE");
  EXPECT_FALSE(quantize_mix("Q9"));
}

TEST(QuantizeMix, GivesBetterFormatsToWhatSuffersMost) {
  const QuantizeMix mix = *quantize_mix("Q4_K_M");
  MixFacts facts;
  facts.layers = 32;
  facts.has_output = true;
  const auto type = [&](const char* name) {
    return mixed_type(mix, facts, tensor(name, {256, 8}));
  };
  EXPECT_EQ(type("output.weight"), TensorType::q6_k);
  EXPECT_EQ(type("token_embd.weight"), TensorType::q4_k);
  EXPECT_EQ(type("blk.0.ffn_down.weight"), TensorType::q6_k);
  EXPECT_EQ(type("blk.4.ffn_down.weight"), TensorType::q4_k);
  EXPECT_EQ(type("blk.6.attn_v.weight"), TensorType::q6_k);
  EXPECT_EQ(type("blk.0.attn_q.weight"), TensorType::q4_k);
  EXPECT_EQ(type("blk.0.ffn_gate_inp.weight"), TensorType::f16);
  EXPECT_EQ(type("blk.0.attn_q.bias"), TensorType::f16);
  facts.has_output = false;
  EXPECT_EQ(type("token_embd.weight"), TensorType::q6_k);
}

TEST(QuantizeMix, TakesSmallerBlocksForRowsThatAreNoWholeBlocks) {
  MixFacts facts;
  facts.layers = 27;
  const auto type = [&](const char* mix, const char* name, std::uint64_t width) {
    return mixed_type(*quantize_mix(mix), facts, tensor(name, {width, 8, 64}));
  };
  EXPECT_EQ(type("Q4_K_M", "blk.10.ffn_down_exps.weight", 1408), TensorType::q5_0);
  EXPECT_EQ(type("Q4_K_M", "blk.0.ffn_down_exps.weight", 1408), TensorType::q8_0);
  EXPECT_EQ(type("IQ4_XS", "blk.10.ffn_up_exps.weight", 1408), TensorType::iq4_nl);
  EXPECT_EQ(type("Q4_K_M", "blk.10.ffn_up_exps.weight", 100), TensorType::f16);
  EXPECT_EQ(type("MXFP4_MOE", "blk.10.ffn_up_exps.weight", 2048), TensorType::mxfp4);
}

TEST(Quantize, KeepsMetadataAndComesNearTheWeights) {
  const ReferenceCheckpoint checkpoint(read_decoder_reference("qwen3moe"), "config");
  ASSERT_TRUE(convert_directory(checkpoint.folder(), checkpoint.gguf()));
  const auto file = Gguf::open(checkpoint.gguf());
  ASSERT_TRUE(file);
  compute::ThreadPool threads(2);
  const auto to = checkpoint.folder() / "small.gguf";
  const Status status = quantize_model(*file, to, *quantize_mix("Q8_0"), threads);
  ASSERT_TRUE(status) << status.error().message;
  const auto small = Gguf::open(to);
  ASSERT_TRUE(small) << small.error().message;
  for (const auto& [key, value] : file->metadata()) {
    if (key == "general.file_type") continue;
    ASSERT_NE(small->find(key), nullptr) << key;
    EXPECT_TRUE(std::ranges::equal(small->raw_value(key), file->raw_value(key))) << key;
  }
  EXPECT_EQ(small->integer("general.file_type"), 7);
  for (const auto& [key, view] : file->tensors()) {
    const TensorView* other = small->tensor(key);
    ASSERT_NE(other, nullptr) << key;
    EXPECT_EQ(other->shape, view.shape) << key;
    std::vector<float> before(view.element_count()), after(view.element_count());
    compute::dequantize(*weight_type_of(view.type), view.bytes.data(), before);
    compute::dequantize(*weight_type_of(other->type), other->bytes.data(), after);
    for (std::size_t i = 0; i < before.size(); ++i) {
      ASSERT_NEAR(before[i], after[i], 0.01) << key;
    }
  }
}

TEST(Quantize, RefusesWeightsThatAreNoNumbers) {
  const ScratchFolder folder;
  GgufWriter writer;
  writer.set("general.architecture", std::string("llama"));
  std::vector<float> values(64, 1);
  values[40] = std::nanf("");
  writer.add_tensor("output.weight", TensorType::f32, {32, 2},
                    {reinterpret_cast<const std::uint8_t*>(values.data()), 256});
  ASSERT_TRUE(writer.write(folder / "in.gguf"));
  const auto file = Gguf::open(folder / "in.gguf");
  ASSERT_TRUE(file);
  compute::ThreadPool threads(1);
  const Status status = quantize_model(*file, folder / "out.gguf", *quantize_mix("Q8_0"), threads);
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("cannot store"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / "out.gguf"));
}

TEST(ImportanceMatrix, IsWrittenAndReadBack) {
  const ScratchFolder folder;
  ImportanceMatrix matrix;
  matrix.add("blk.0.ffn_up.weight", {4, 8, 12, 16}, {4});
  matrix.add("blk.0.ffn_up_exps.weight", {1, 2, 3, 4}, {1, 2});
  ASSERT_TRUE(matrix.write(folder / "m.gguf", "text.txt", 3, 512));
  const auto read = ImportanceMatrix::read(folder / "m.gguf");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->size(), 2U);
  EXPECT_EQ(read->importance("blk.0.ffn_up.weight", 4, 0), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(read->importance("blk.0.ffn_up_exps.weight", 2, 1), (std::vector<float>{1.5F, 2}));
  EXPECT_TRUE(read->importance("blk.0.ffn_up.weight", 8, 0).empty());
  EXPECT_TRUE(read->importance("other", 4, 0).empty());
}

}  // namespace
}  // namespace wenyuan::llm
