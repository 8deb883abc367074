// The tokens of a Hugging Face tokenizer.json.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wenyuan::llm {

enum class HfVocabularyKind { byte_level, sentencepiece, unigram, wordpiece };

struct HfVocabulary {
  HfVocabularyKind kind = HfVocabularyKind::byte_level;
  std::vector<std::string> texts;
  std::vector<float> scores;                             // of sentencepiece and unigram
  std::vector<std::int32_t> kinds;                       // as in tokenizer.ggml.token_type
  std::vector<std::string> merges;                       // of byte_level: "a b"
  std::map<std::string, std::int64_t, std::less<>> ids;  // by the text in tokenizer.json

  // corrupt when tokens do not fit into `rows`, or share a number.
  static Result<HfVocabulary> read(const nlohmann::json& tokenizer, std::uint64_t rows);

  std::int64_t id(std::string_view text) const;  // -1 when there is none
};

}  // namespace wenyuan::llm
