#include "llm/memory_estimate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "llm/convert.h"
#include "llm/inspect.h"
#include "llm/model.h"
#include "tests/llm/gguf_bytes.h"
#include "tests/llm/reference_checkpoint.h"
#include "tests/llm/tiny_models.h"

namespace wenyuan::llm {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

Result<Gguf> opened(const GgufFile& file) {
  const TemporaryFile path("wenyuan_estimate", file.bytes());
  return Gguf::open(path.path());
}

GgufFile decoder(const std::string& architecture) {
  GgufFile file;
  file.text("general.architecture", architecture);
  file.integer(architecture + ".block_count", 27);
  file.integer(architecture + ".embedding_length", 2048);
  file.integer(architecture + ".attention.head_count", 16);
  return file;
}

TEST(MemoryEstimate, CountsTheLatentVectorsOfLatentAttention) {
  GgufFile file = decoder("deepseek2");
  file.integer("deepseek2.attention.head_count_kv", 1);
  file.integer("deepseek2.attention.kv_lora_rank", 512);
  file.integer("deepseek2.rope.dimension_count", 64);
  const auto model = opened(file);
  ASSERT_TRUE(model) << model.error().message;
  const MemoryEstimate estimate = estimate_memory(*model, 4096, 3);
  EXPECT_EQ(estimate.cache_per_token, 27 * ((512 + 64) * 2 + 8));
  EXPECT_EQ(estimate.cache, estimate.cache_per_token * 4096 * 3);
}

TEST(MemoryEstimate, CountsSharedKeysAndValuesOnce) {
  GgufFile file = decoder("llama");
  file.integer("llama.attention.head_count_kv", 4);
  const auto model = opened(file);
  ASSERT_TRUE(model);
  EXPECT_EQ(estimate_memory(*model, 1, 1).cache_per_token, 27 * 4 * (128 * 2 * 2 + 8));
}

TEST(MemoryEstimate, IsVeryLargeForNumbersThatCannotBe) {
  GgufFile file;
  file.text("general.architecture", "llama");
  for (const char* key : {"llama.block_count", "llama.embedding_length",
                          "llama.attention.key_length", "llama.attention.head_count_kv"}) {
    file.integer(key, 0xFFFFFFFF);
  }
  const auto model = opened(file);
  ASSERT_TRUE(model);
  EXPECT_GT(estimate_memory(*model, 1 << 24, 1 << 16).total(), std::int64_t{1} << 59);
}

TEST(MemoryEstimate, NeedsNothingForAnEncodersCache) {
  const ScratchFolder folder;
  write_tiny_bert(folder / "b.gguf");
  const auto model = Gguf::open(folder / "b.gguf");
  ASSERT_TRUE(model);
  const MemoryEstimate estimate = estimate_memory(*model, 4096, 8);
  EXPECT_EQ(estimate.cache, 0);
  EXPECT_GT(estimate.weights, 0);
}

TEST(Inspect, CountsParametersAndFindsNothingAgainstAGoodModel) {
  const ReferenceCheckpoint checkpoint(read_decoder_reference("olmoe"), "config");
  ASSERT_TRUE(convert_directory(checkpoint.folder(), checkpoint.gguf()));
  const auto file = Gguf::open(checkpoint.gguf());
  ASSERT_TRUE(file);
  const ModelReport report = inspect_model(*file);
  EXPECT_EQ(report.architecture, "olmoe");
  EXPECT_EQ(report.bits_per_parameter(), 32);
  EXPECT_EQ(report.formats.at("F32").tensors, file->tensors().size());
  EXPECT_THAT(report.problems, IsEmpty());
}

TEST(Inspect, SaysWhyAModelCannotBeRun) {
  const auto stranger = opened(decoder("mamba"));
  ASSERT_TRUE(stranger);
  EXPECT_THAT(inspect_model(*stranger).problems,
              Contains(HasSubstr("its architecture is \"mamba\"")));
  GgufFile bare = decoder("llama");
  const std::uint8_t zeros[4] = {};
  bare.tensor("token_embd.weight", {1}, 26, zeros);
  const auto model = opened(bare);
  ASSERT_TRUE(model);
  const ModelReport report = inspect_model(*model);
  EXPECT_THAT(report.problems, Contains(HasSubstr("of the format I32")));
  EXPECT_THAT(report.problems, Contains(HasSubstr("its tokenizer")));
}

}  // namespace
}  // namespace wenyuan::llm
