// SentencePiece's compiled normalisation rules: tokenizer.ggml.precompiled_charsmap.
//
// The bytes are a little-endian length, a trie as a double array of that many bytes (darts-clone's
// units of 32 bits), and the replacements, each ended by a zero byte. Nothing in them is trusted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wenyuan::llm {

class UnigramCharsmap {
 public:
  // corrupt when the lengths do not fit.
  static Result<UnigramCharsmap> read(std::string_view bytes);

  struct Match {
    std::size_t size;  // bytes of the text
    std::string_view replacement;
  };
  // The longest rule for what stands at the text's beginning.
  std::optional<Match> match(std::string_view text) const;

 private:
  // The unit there; nothing outside of the array.
  std::optional<std::uint32_t> unit(std::size_t at) const;

  std::vector<std::uint32_t> units_;
  std::string replacements_;  // ends with a zero byte
};

}  // namespace wenyuan::llm
