#include "llm/engine_perplexity.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <vector>

#include "base/file.h"
#include "compute/thread_pool.h"
#include "llm/gguf.h"
#include "llm/model.h"
#include "llm/tokenizer.h"

namespace wenyuan::llm {
namespace {

constexpr std::size_t kTextMax = std::size_t{64} << 20;

// The negative logarithm of the probability that the logits give to the token.
double surprise(std::span<const float> logits, TokenId token) {
  const float largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(double{logit} - double{largest});
  return std::log(sum) + double{largest} - double{logits[static_cast<std::size_t>(token)]};
}

// The sum over the second half of the window.
Result<double> surprise_of(Decoder& decoder, std::vector<TokenId> window, TokenId begin) {
  if (begin >= 0) window[0] = begin;
  WY_TRY(const auto sequence, decoder.new_sequence(window.size()));
  const std::span<const TokenId> tokens(window);
  const std::size_t half = window.size() / 2;
  WY_RETURN_IF_ERROR(decoder.append(*sequence, tokens.first(half)));
  double sum = 0;
  for (std::size_t i = half; i + 1 < tokens.size(); ++i) {
    WY_TRY(const auto logits, decoder.append(*sequence, tokens.subspan(i, 1)));
    sum += surprise(logits, tokens[i + 1]);
  }
  return sum;
}

}  // namespace

Status run_perplexity(const PerplexityOptions& options) {
  WY_TRY(Gguf opened, Gguf::open(options.model));
  const auto file = std::make_shared<const Gguf>(std::move(opened));
  WY_TRY(const std::string text, read_file(options.text, kTextMax));
  WY_TRY(const auto tokenizer, Tokenizer::create(*file));
  compute::ThreadPool threads(options.threads);
  WY_TRY(const auto decoder, Decoder::load(file, threads));
  const std::vector<TokenId> tokens = tokenizer->encode(text, {});
  const bool has_begin = file->flag("tokenizer.ggml.add_bos_token").value_or(false);
  const TokenId begin = has_begin ? tokenizer->bos() : -1;
  const std::size_t windows = tokens.size() / options.window;
  if (options.window < 4 || windows == 0) {
    return Error{ErrorCode::invalid_argument,
                 "the text has only " + std::to_string(tokens.size()) + " tokens"};
  }
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < windows; ++i) {
    const auto first = tokens.begin() + static_cast<std::ptrdiff_t>(i * options.window);
    WY_TRY(
        const double own,
        surprise_of(*decoder, {first, first + static_cast<std::ptrdiff_t>(options.window)}, begin));
    sum += own;
    count += options.window - options.window / 2 - 1;
  }
  std::printf("perplexity %.4f over %zu of %zu tokens\n",
              std::exp(sum / static_cast<double>(count)), count, tokens.size());
  return Done{};
}

}  // namespace wenyuan::llm
