// Any bytes as a text, for each of the tokenizers; the first byte chooses one and its options.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/text.h"
#include "fuzz/size_limit.h"
#include "llm/tokenizer.h"
#include "tests/llm/small_vocabularies.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

WY_FUZZ_SIZE_MAX(512);

namespace {

using namespace wenyuan;       // NOLINT: a program of one file
using namespace wenyuan::llm;  // NOLINT

constexpr std::size_t kCount = 14;
constexpr std::size_t kBpeCount = 11;  // the first ones; they can say every byte
constexpr std::size_t kSentencepiece = 11;

const Tokenizer& tokenizer(std::size_t which) {
  static const auto all = [] {
    const auto made = [](const GgufWriter& writer) {
      auto tokenizer = Tokenizer::create(opened(writer));
      WY_ASSERT(tokenizer.has_value());
      return *std::move(tokenizer);
    };
    const std::vector<std::string> merges = {"h e", "l l", "he ll", "Ġ w", "1 2", "Ċ Ċ"};
    return std::array<std::unique_ptr<Tokenizer>, kCount>{
        made(small_bpe("gpt-2", merges)),
        made(small_bpe("smollm", merges)),
        made(small_bpe("llama-bpe", merges)),
        made(small_bpe("deepseek-r1-qwen", merges)),
        made(small_bpe("default", merges)),
        made(small_bpe("gpt-4o", merges)),
        made(small_bpe("tekken", merges)),
        made(small_bpe("kimi-k2", merges)),
        made(small_bpe("deepseek-llm", merges)),
        made(small_bpe("deepseek-coder", merges)),
        made(small_bpe("deepseek-v3", merges)),
        made(small_sentencepiece()),
        made(small_unigram()),
        made(small_wordpiece())};
  }();
  return *all[which];
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t which = data[0] % kCount;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  // The middle of the text is not trusted.
  const std::vector<TextRange> trusted = {{0, text.size() / 3}, {text.size() / 2, text.size()}};
  const EncodeOptions options{.add_special = (data[0] & 64) != 0,
                              .parse_special = (data[0] & 128) != 0,
                              .trusted = (data[0] & 32) != 0 ? &trusted : nullptr};
  const Tokenizer& chosen = tokenizer(which);
  const std::vector<TokenId> tokens = chosen.encode(text, options);
  // A character gives at most its three bytes; the space before it and what is added come on top.
  WY_ASSERT(tokens.size() <= 3 * text.size() + 8);
  for (const TokenId token : tokens) {
    WY_ASSERT(token >= 0 && static_cast<std::size_t>(token) < chosen.size());
  }
  const std::string again = chosen.decode(tokens, true);
  const std::string prefix =
      options.add_special ? chosen.decode(chosen.prefix(), true) : std::string();
  if (which < kBpeCount) WY_ASSERT(again == prefix + std::string(text));
  const bool has_marks = text.find("▁") != std::string_view::npos;
  if (which == kSentencepiece && !options.add_special && !options.parse_special && !text.empty() &&
      !has_marks && is_utf8(text)) {
    WY_ASSERT(again == " " + std::string(text));
  }
  return 0;
}
