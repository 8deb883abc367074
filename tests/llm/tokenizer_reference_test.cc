// Whole vocabularies against other implementations; skipped where the files are not.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/llm/fixture_lines.h"
#include "tests/llm/numerics_models.h"
#include "tests/paths.h"

namespace wenyuan::llm {
namespace {

void check_model(const std::string& model, const std::string& expected) {
  const auto file = Gguf::open(real_model(model));
  if (!file) GTEST_SKIP() << "no model";
  const auto tokenizer = Tokenizer::create(*file);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  const std::vector<std::string> texts = fixture_lines("texts.txt");
  const std::vector<std::string> ids = fixture_lines(expected);
  ASSERT_GE(texts.size(), 200U);
  ASSERT_EQ(texts.size(), ids.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string text = unescaped(texts[i]);
    const std::vector<TokenId> tokens =
        (*tokenizer)->encode(text, {.add_special = false, .parse_special = false});
    EXPECT_EQ(tokens, fixture_ids(ids[i])) << "line " << i + 1 << ": " << texts[i];
  }
}

TEST(TokenizerOfARealModel, GivesWhatTheReferenceGivesForE5) {
  check_model("multilingual-e5-small.gguf", "e5.txt");
}

TEST(TokenizerOfARealModel, GivesWhatTheReferenceGivesForSmollm2) {
  check_model("smollm2-135m-instruct.gguf", "smollm2.txt");
}

std::string whole_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Texts between marks, and a line of ids for each.
void check_vocabulary(const std::string& name) {
  const std::filesystem::path folder = project_dir() / "../shared/data/tokenizer";
  const auto file = Gguf::open(folder / (name + ".gguf"));
  if (!file) GTEST_SKIP() << "no vocabulary";
  const auto tokenizer = Tokenizer::create(*file);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  constexpr std::string_view kMark = "\n__ggml_vocab_test__\n";
  std::string texts = whole_file(folder / (name + ".gguf.inp"));
  std::ifstream expected(folder / (name + ".gguf.out"));
  std::size_t count = 0;
  for (std::string line; std::getline(expected, line); ++count) {
    const std::size_t end = texts.find(kMark);
    ASSERT_NE(end, std::string::npos);
    const std::string text = texts.substr(0, end);
    texts.erase(0, end + kMark.size());
    EXPECT_EQ((*tokenizer)->encode(text, {.add_special = false, .parse_special = false}),
              fixture_ids(line))
        << text;
  }
  EXPECT_GT(count, 40U);
}

TEST(TokenizerOfAVocabulary, GivesWhatTheReferenceGivesForWordpiece) {
  check_vocabulary("ggml-vocab-bert-bge");
}

TEST(TokenizerOfAVocabulary, GivesWhatTheReferenceGivesForDeepseek) {
  check_vocabulary("ggml-vocab-deepseek-llm");
}

TEST(TokenizerOfAVocabulary, GivesWhatTheReferenceGivesForSentencepiece) {
  check_vocabulary("ggml-vocab-llama-spm");
}

}  // namespace
}  // namespace wenyuan::llm
