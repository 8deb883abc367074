#include "llm/safetensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>

#include "tests/llm/reference_checkpoint.h"
#include "tests/llm/tiny_models.h"

namespace wenyuan::llm {
namespace {

void write(const std::filesystem::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

std::string one_tensor(const std::string& type, const std::string& data, std::size_t elements) {
  const nlohmann::json header = {
      {"__metadata__", {{"format", "pt"}}},
      {"t", {{"dtype", type}, {"shape", {elements}}, {"data_offsets", {0, data.size()}}}}};
  const std::string text = header.dump();
  const std::uint64_t size = text.size();
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + text + data;
}

template <class Number>
std::string bytes_of(std::initializer_list<Number> numbers) {
  return {reinterpret_cast<const char*>(numbers.begin()), numbers.size() * sizeof(Number)};
}

std::vector<float> decoded(const std::string& type, const std::string& data, std::size_t elements) {
  const std::string bytes = one_tensor(type, data, elements);
  const auto views =
      parse_safetensors({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  EXPECT_TRUE(views) << views.error().message;
  std::vector<float> values(elements);
  if (views) read_elements(views->at("t"), 0, values);
  return values;
}

TEST(Safetensors, ReadsEveryKindOfNumber) {
  using Floats = std::vector<float>;
  EXPECT_EQ(decoded("F32", bytes_of({1.5F, -2.0F}), 2), (Floats{1.5F, -2}));
  EXPECT_EQ(decoded("F64", bytes_of({1.5, -2.0}), 2), (Floats{1.5F, -2}));
  EXPECT_EQ(decoded("F16", bytes_of<std::uint16_t>({0x3E00, 0xC000}), 2), (Floats{1.5F, -2}));
  EXPECT_EQ(decoded("BF16", bytes_of<std::uint16_t>({0x3FC0, 0xC000}), 2), (Floats{1.5F, -2}));
  EXPECT_EQ(decoded("I64", bytes_of<std::int64_t>({-7}), 1), Floats{-7});
  EXPECT_EQ(decoded("I32", bytes_of<std::int32_t>({-7}), 1), Floats{-7});
  EXPECT_EQ(decoded("I16", bytes_of<std::int16_t>({-7}), 1), Floats{-7});
  EXPECT_EQ(decoded("I8", bytes_of<std::int8_t>({-7}), 1), Floats{-7});
  EXPECT_EQ(decoded("U8", bytes_of<std::uint8_t>({249}), 1), Floats{249});
  EXPECT_EQ(decoded("BOOL", bytes_of<std::uint8_t>({1}), 1), Floats{1});
}

TEST(Safetensors, ReadsFloatsOfEightBits) {
  // One, the largest, the smallest, minus zero.
  const auto values = decoded("F8_E4M3", bytes_of<std::uint8_t>({0x38, 0x7E, 0x01, 0x80, 0x7F}), 5);
  EXPECT_EQ(values[0], 1.0F);
  EXPECT_EQ(values[1], 448.0F);
  EXPECT_EQ(values[2], 0.001953125F);
  EXPECT_TRUE(values[3] == 0 && std::signbit(values[3]));
  EXPECT_TRUE(std::isnan(values[4]));
}

TEST(Safetensors, ReadsElementsInTheMiddle) {
  const std::string bytes = safetensors_bytes({{"t", {2, 3}, {0, 1, 2, 3, 4, 5}}});
  const auto views =
      parse_safetensors({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  ASSERT_TRUE(views);
  EXPECT_EQ(views->at("t").shape, (std::vector<std::uint64_t>{2, 3}));
  std::vector<float> values(2);
  read_elements(views->at("t"), 3, values);
  EXPECT_EQ(values, (std::vector<float>{3, 4}));
}

TEST(Safetensors, JoinsTheFilesThatAnIndexNames) {
  const ScratchFolder folder;
  write(folder / "one.safetensors", safetensors_bytes({{"a", {1}, {1}}}));
  write(folder / "two.safetensors", safetensors_bytes({{"b", {1}, {2}}, {"c", {1}, {3}}}));
  write(folder / "model.safetensors.index.json",
        R"({"metadata":{},"weight_map":{"a":"one.safetensors","b":"two.safetensors"}})");
  const auto all = Safetensors::open_directory(folder.path());
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->tensors().size(), 3U);
  std::vector<float> value(1);
  read_elements(*all->tensor("b"), 0, value);
  EXPECT_EQ(value[0], 2);
}

TEST(Safetensors, SurvivesAnyByteOfAGoodFileBeingAnother) {
  const std::string good = safetensors_bytes({{"a", {2, 2}, {1, 2, 3, 4}}, {"b", {1}, {5}}});
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char value : {'\0', '"', '9', '\xFF'}) {
      std::string bad = good;
      bad[at] = value;
      const auto views =
          parse_safetensors({reinterpret_cast<const std::uint8_t*>(bad.data()), bad.size()});
      if (!views) {
        EXPECT_FALSE(views.error().message.empty());
      }
    }
  }
}

}  // namespace
}  // namespace wenyuan::llm
