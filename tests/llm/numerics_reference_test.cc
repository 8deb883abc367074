// Real models against a forward pass in double precision; skipped where the models are not.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "llm/bert.h"
#include "tests/llm/numerics_models.h"
#include "tests/paths.h"

namespace wenyuan::llm {
namespace {

struct Reference {
  std::vector<TokenId> tokens;
  std::vector<double> numbers;
};

std::vector<Reference> read_references(const std::string& name) {
  std::ifstream file(project_dir() / "tests/llm/reference" / name);
  std::vector<Reference> references;
  std::string tokens;
  std::string numbers;
  while (std::getline(file, tokens) && std::getline(file, numbers)) {
    Reference reference;
    std::istringstream token_stream(tokens);
    for (TokenId token = 0; token_stream >> token;) reference.tokens.push_back(token);
    std::istringstream number_stream(numbers);
    for (double number = 0; number_stream >> number;) reference.numbers.push_back(number);
    references.push_back(std::move(reference));
  }
  return references;
}

std::shared_ptr<const Gguf> open_real(const std::string& name) {
  auto file = Gguf::open(real_model(name));
  return file ? std::make_shared<const Gguf>(*std::move(file)) : nullptr;
}

// The root mean square of what the logits are off, over their standard deviation.
double relative_error(std::span<const float> logits, const Reference& reference) {
  double squares = 0;
  double sum = 0;
  double own_squares = 0;
  const std::size_t count = reference.numbers.size() - 1;
  for (std::size_t i = 0; i < count; ++i) {
    const double right = reference.numbers[i + 1];
    const double off = double{logits[499 * i]} - right;
    squares += off * off;
    sum += right;
    own_squares += right * right;
  }
  const double mean = sum / static_cast<double>(count);
  return std::sqrt(squares / (own_squares - mean * sum));
}

void check_llama(const LoadOptions& options, double error_max) {
  const auto file = open_real("smollm2-135m-instruct.gguf");
  if (file == nullptr) GTEST_SKIP() << "no model";
  compute::ThreadPool threads(2);
  const auto decoder = Decoder::load(file, threads, options);
  ASSERT_TRUE(decoder) << decoder.error().message;
  const auto references = read_references("llama.txt");
  ASSERT_FALSE(references.empty());
  for (const Reference& reference : references) {
    auto sequence = (*decoder)->new_sequence(reference.tokens.size());
    ASSERT_TRUE(sequence);
    const auto logits = (*decoder)->append(**sequence, reference.tokens);
    ASSERT_TRUE(logits);
    EXPECT_LT(relative_error(*logits, reference), error_max);
    const auto best = std::max_element(logits->begin(), logits->end()) - logits->begin();
    EXPECT_EQ(static_cast<double>(best), reference.numbers[0]);
  }
}

TEST(NumericsOfARealDecoder, AreExactWhenAskedToBe) {
  check_llama({.precision = compute::Precision::exact}, 0.003);
}
TEST(NumericsOfARealDecoder, AreNearWhenFast) { check_llama({}, 0.09); }

void check_bert(const LoadOptions& options, double cosine_min) {
  const auto file = open_real("multilingual-e5-small.gguf");
  if (file == nullptr) GTEST_SKIP() << "no model";
  compute::ThreadPool threads(2);
  const auto encoder = BertEncoder::load(file, threads, options);
  ASSERT_TRUE(encoder) << encoder.error().message;
  const auto references = read_references("bert.txt");
  ASSERT_FALSE(references.empty());
  for (const Reference& reference : references) {
    const auto vectors = (*encoder)->encode({&reference.tokens, 1});
    ASSERT_TRUE(vectors);
    double cosine = 0;
    for (std::size_t i = 0; i < reference.numbers.size(); ++i) {
      cosine += double{vectors->at(0)[i]} * reference.numbers[i];
    }
    EXPECT_GT(cosine, cosine_min);
  }
}

TEST(NumericsOfARealEncoder, AreExactWhenAskedToBe) {
  check_bert({.precision = compute::Precision::exact}, 0.999999);
}
TEST(NumericsOfARealEncoder, AreNearWhenFast) { check_bert({}, 0.9995); }

}  // namespace
}  // namespace wenyuan::llm
