#include "llm/import_e5pack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

#include "llm/model_registry.h"
#include "llm/tokenizer.h"
#include "tests/llm/small_vocabularies.h"
#include "tests/llm/tiny_e5pack.h"
#include "tests/llm/tiny_models.h"

namespace wenyuan::llm {
namespace {

Result<GgufWriter> import(std::string_view pack) {
  return import_e5pack({reinterpret_cast<const std::uint8_t*>(pack.data()), pack.size()});
}

// Where things stand in the pack.
constexpr std::size_t kVersion = 4;
constexpr std::size_t kWidth = 8;
constexpr std::size_t kHeads = 16;
constexpr std::size_t kEpsilon = 36;
constexpr std::size_t kPieceCount = 44;
constexpr std::size_t kUnknownId = 60;
constexpr std::size_t kOffsets = 72;
constexpr std::size_t kScores = kOffsets + 7 * 4;
constexpr std::size_t kBlob = kScores + 6 * 4;

template <class Number>
std::string changed(std::size_t at, Number value) {
  std::string pack = TinyE5Pack::bytes();
  std::memcpy(pack.data() + at, &value, sizeof value);
  return pack;
}

std::string refusal(const std::string& pack) {
  const auto writer = import(pack);
  return writer ? "" : writer.error().message;
}

TEST(ImportE5pack, MakesABertWithItsTensorsAndWords) {
  const std::string pack = TinyE5Pack::bytes();
  const auto writer = import(pack);
  ASSERT_TRUE(writer) << writer.error().message;
  const Gguf file = opened(*writer);
  EXPECT_EQ(file.architecture(), "bert");
  EXPECT_EQ(file.integer("bert.block_count"), 1);
  EXPECT_EQ(file.integer("bert.embedding_length"), 32);
  EXPECT_EQ(file.integer("bert.feed_forward_length"), 64);
  EXPECT_EQ(file.integer("bert.attention.head_count"), 2);
  EXPECT_EQ(file.integer("bert.context_length"), 8);
  EXPECT_EQ(file.tensors().size(), 21U);
  const TensorView* words = file.tensor("token_embd.weight");
  ASSERT_NE(words, nullptr);
  EXPECT_EQ(words->type, TensorType::q4_0);
  EXPECT_EQ(words->shape, (std::vector<std::uint64_t>{32, 7}));
  std::string bytes;
  for (std::size_t i = 0; i < words->bytes.size(); ++i) bytes += static_cast<char>(i % 251);
  const std::string_view found(reinterpret_cast<const char*>(words->bytes.data()),
                               words->bytes.size());
  EXPECT_EQ(found, bytes);  // the first weights of the pack, as they are
  EXPECT_EQ(file.tensor("blk.0.ffn_up.weight")->shape, (std::vector<std::uint64_t>{32, 64}));
}

TEST(ImportE5pack, NamesTheRowsThatHaveNoPiece) {
  const std::string pack = TinyE5Pack::bytes(2);
  const auto writer = import(pack);
  ASSERT_TRUE(writer) << writer.error().message;
  const Gguf file = opened(*writer);
  const std::vector<std::string> names = {"<s>", "<pad>", "</s>",   "<unk>",
                                          "▁",   "中",    "[PAD6]", "[PAD7]"};
  EXPECT_EQ(*file.texts("tokenizer.ggml.tokens"), names);
  EXPECT_EQ(file.integers("tokenizer.ggml.token_type"),
            (std::vector<std::int64_t>{3, 3, 3, 2, 1, 1, 5, 5}));
}

TEST(ImportE5pack, BringsTheTokenizerAlong) {
  const std::string pack = TinyE5Pack::bytes();
  const auto writer = import(pack);
  ASSERT_TRUE(writer) << writer.error().message;
  const auto tokenizer = Tokenizer::create(opened(*writer));
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ((*tokenizer)->encode("\t中\u00AD中", {}), (std::vector<TokenId>{0, 4, 5, 5, 2}));
}

TEST(ImportE5pack, ConvertsAFileIntoOneThatTheRegistryOpens) {
  const ScratchFolder folder;
  std::ofstream(folder / "pack.bin", std::ios::binary) << TinyE5Pack::bytes();
  ASSERT_TRUE(convert_e5pack(folder / "pack.bin", folder / "e.gguf"));
  const auto model = ModelRegistry(folder.path()).open("e");
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ((*model)->info.vector_size, 32);
  EXPECT_EQ((*model)->query_prefix, "query: ");
}

TEST(ImportE5pack, RefusesAPackThatIsCutOffAnywhere) {
  const std::string pack = TinyE5Pack::bytes();
  for (std::size_t size = 0; size < pack.size(); ++size) {
    const auto writer = import(std::string_view(pack).substr(0, size));
    ASSERT_FALSE(writer) << "cut off at " << size;
    ASSERT_FALSE(writer.error().message.empty());
  }
}

TEST(ImportE5pack, SaysWhatIsWrong) {
  EXPECT_THAT(refusal("GGUF and so on"), testing::HasSubstr("does not begin with E5S1"));
  EXPECT_THAT(refusal(changed(kVersion, 2)), testing::HasSubstr("version 2"));
  EXPECT_THAT(refusal(changed(kWidth, 33)), testing::HasSubstr("does not divide"));
  EXPECT_THAT(refusal(changed(kWidth, -32)), testing::HasSubstr("hidden size is -32"));
  EXPECT_THAT(refusal(changed(kHeads, 3)), testing::HasSubstr("does not divide"));
  EXPECT_THAT(refusal(changed(kEpsilon, 2.0F)), testing::HasSubstr("epsilon"));
  EXPECT_THAT(refusal(changed(kEpsilon, std::nanf(""))), testing::HasSubstr("epsilon"));
  EXPECT_THAT(refusal(changed(kPieceCount, 100)), testing::HasSubstr("number of pieces"));
  EXPECT_THAT(refusal(changed(kUnknownId, 6)), testing::HasSubstr("id of <unk>"));
  EXPECT_THAT(refusal(changed(kOffsets + 4, 0)), testing::HasSubstr("piece 0"));
  EXPECT_THAT(refusal(changed(kOffsets + 24, 9999)), testing::HasSubstr("piece 5"));
  EXPECT_THAT(refusal(changed(kScores, std::nanf(""))), testing::HasSubstr("piece 0"));
  EXPECT_THAT(refusal(changed(kBlob, char{-1})), testing::HasSubstr("not UTF-8"));
  std::string pack = TinyE5Pack::bytes();
  pack[pack.find("l0.fo.w")] = 'm';
  EXPECT_THAT(refusal(pack), testing::HasSubstr("l0.fo.w is missing"));
}

TEST(ImportE5pack, SurvivesEveryChangeOfAByte) {
  const std::string pack = TinyE5Pack::bytes();
  // Behind the directory there are only weights, which may be anything.
  const std::size_t end = pack.find("l0.oln.b") + 64;
  std::mt19937 random(1);
  int taken = 0;
  for (std::size_t at = 0; at < end; ++at) {
    for (const int value : {0, 1, 0x7F, 0x80, 0xFF, static_cast<int>(random() % 256)}) {
      std::string other = pack;
      other[at] = static_cast<char>(value);
      const auto writer = import(other);
      if (!writer) continue;
      ++taken;
      ASSERT_TRUE(open_bytes(writer->encode())) << "byte " << at << " is " << value;
    }
  }
  EXPECT_GT(taken, 0);
}

}  // namespace
}  // namespace wenyuan::llm
