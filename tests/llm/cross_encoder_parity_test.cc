// Tiny rerankers: converted by us, run by us, against the scores that transformers gives.
#include <gtest/gtest.h>

#include <cmath>

#include "llm/convert.h"
#include "llm/model.h"
#include "tests/llm/reference_checkpoint.h"

namespace wenyuan::llm {
namespace {

class CrossEncoderParity : public testing::TestWithParam<const char*> {};

TEST_P(CrossEncoderParity, GivesTheScoresThatTransformersGives) {
  const nlohmann::json reference = read_decoder_reference(GetParam());
  ASSERT_FALSE(reference.empty());
  const auto tokens = reference["tokens"].get<std::vector<TokenId>>();
  const ReferenceCheckpoint checkpoint(reference, "config");
  const Status status = convert_directory(checkpoint.folder(), checkpoint.gguf());
  ASSERT_TRUE(status) << status.error().message;
  auto file = Gguf::open(checkpoint.gguf());
  ASSERT_TRUE(file) << file.error().message;
  compute::ThreadPool threads(1);
  const auto encoder = CrossEncoder::load(std::make_shared<const Gguf>(*std::move(file)), threads);
  ASSERT_TRUE(encoder) << encoder.error().message;
  for (const std::size_t length : reference["lengths"].get<std::vector<std::size_t>>()) {
    const TokenPair pair{{tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(length)}, 0};
    const auto scores = (*encoder)->score({&pair, 1});
    ASSERT_TRUE(scores) << scores.error().message;
    const double right = reference["last"][std::to_string(length)]["scores"][0].get<double>();
    EXPECT_NEAR(scores->front(), right, 1e-4 * (1 + std::fabs(right))) << length << " tokens";
  }
}

INSTANTIATE_TEST_SUITE_P(Architectures, CrossEncoderParity,
                         testing::Values("bert_classifier", "xlmroberta_classifier"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace
}  // namespace wenyuan::llm
