#include "llm/gguf_writer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>

#include "tests/llm/small_vocabularies.h"
#include "tests/llm/tiny_models.h"

namespace wenyuan::llm {
namespace {

std::span<const std::uint8_t> bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * sizeof(float)};
}

TEST(GgufWriter, WritesEveryTypeOfValueSoThatItIsReadBack) {
  GgufWriter writer;
  writer.set("bool", true);
  writer.set("u32", std::uint32_t{4000000000});
  writer.set("i32", std::int32_t{-5});
  writer.set("u64", std::uint64_t{1} << 63);
  writer.set("i64", std::int64_t{-1} << 62);
  writer.set("f32", 0.5F);
  writer.set("f64", 0.1);
  writer.set("text", std::string("文\0苑", 7));
  writer.set("bytes", std::vector<std::uint8_t>{0, 255});
  writer.set("u32s", std::vector<std::uint32_t>{1, 2});
  writer.set("i32s", std::vector<std::int32_t>{-1, 2});
  writer.set("f32s", std::vector<float>{0.25F, -1});
  writer.set("texts", std::vector<std::string>{"", "a"});
  const Gguf file = opened(writer);
  EXPECT_EQ(file.metadata().size(), 13U);
  EXPECT_EQ(file.flag("bool"), true);
  EXPECT_EQ(file.integer("u32"), 4000000000);
  EXPECT_EQ(file.integer("i32"), -5);
  EXPECT_EQ(std::get<std::uint64_t>(*file.find("u64")), std::uint64_t{1} << 63);
  EXPECT_EQ(file.integer("i64"), std::int64_t{-1} << 62);
  EXPECT_EQ(file.real("f32"), 0.5);
  EXPECT_EQ(file.real("f64"), 0.1);
  EXPECT_EQ(file.text("text"), std::string_view("文\0苑", 7));
  EXPECT_EQ(file.integers("bytes"), (std::vector<std::int64_t>{0, 255}));
  EXPECT_EQ(file.integers("u32s"), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(file.integers("i32s"), (std::vector<std::int64_t>{-1, 2}));
  EXPECT_EQ(file.reals("f32s"), (std::vector<double>{0.25, -1}));
  ASSERT_NE(file.texts("texts"), nullptr);
  EXPECT_EQ(*file.texts("texts"), (std::vector<std::string>{"", "a"}));
}

TEST(GgufWriter, WritesTensorsWithTheirShapeAndBytes) {
  std::vector<float> first(6);
  std::iota(first.begin(), first.end(), 1.0F);
  const std::vector<float> second = {7};
  std::vector<std::uint8_t> blocks(36);
  std::iota(blocks.begin(), blocks.end(), std::uint8_t{1});
  GgufWriter writer;
  writer.add_tensor("b", TensorType::f32, {3, 2}, bytes_of(first));
  writer.add_tensor("a", TensorType::f32, {1}, bytes_of(second));
  writer.add_tensor("c", TensorType::q4_0, {32, 2}, blocks);
  const Gguf file = opened(writer);
  ASSERT_EQ(file.tensors().size(), 3U);
  const TensorView* tensor = file.tensor("b");
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ(tensor->shape, (std::vector<std::uint64_t>{3, 2}));
  EXPECT_TRUE(std::ranges::equal(tensor->bytes, bytes_of(first)));
  EXPECT_TRUE(std::ranges::equal(file.tensor("a")->bytes, bytes_of(second)));
  EXPECT_EQ(file.tensor("c")->type, TensorType::q4_0);
  EXPECT_TRUE(std::ranges::equal(file.tensor("c")->bytes, blocks));
}

TEST(GgufWriter, WritesAFileThatHoldsNothing) {
  const Gguf file = opened(GgufWriter());
  EXPECT_TRUE(file.metadata().empty());
  EXPECT_TRUE(file.tensors().empty());
}

TEST(GgufWriter, WritesTheSameToAFile) {
  const ScratchFolder folder;
  GgufWriter writer;
  writer.set("general.architecture", std::string("bert"));
  ASSERT_TRUE(writer.write(folder / "m.gguf"));
  EXPECT_EQ(std::filesystem::file_size(folder / "m.gguf"), writer.encode().size());
  const auto file = Gguf::open(folder / "m.gguf");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->architecture(), "bert");
}

TEST(GgufWriter, SaysWhenItCannotWrite) { EXPECT_FALSE(GgufWriter().write("/nonexistent/m.gguf")); }

TEST(GgufWriterDeathTest, WantsTheBytesThatTheShapeAsksFor) {
  const std::vector<float> three(3);
  GgufWriter writer;
  EXPECT_DEATH(writer.add_tensor("t", TensorType::f32, {4}, bytes_of(three)), "");
}

}  // namespace
}  // namespace wenyuan::llm
