// Any bytes as SentencePiece's compiled rules: the first byte says how many of the others, at the
// end, are a text that they are tried on.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "llm/unigram_tokenizer_charsmap.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wenyuan::llm;  // NOLINT: a program of one file
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t text_size = data[0] < bytes.size() ? data[0] : bytes.size();
  const std::string_view text = bytes.substr(bytes.size() - text_size);
  const auto map = UnigramCharsmap::read(bytes.substr(0, bytes.size() - text_size));
  if (!map) return 0;
  std::size_t total = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto match = map->match(text.substr(at));
    WY_ASSERT(!match || (match->size > 0 && match->size <= text.size() - at));
    if (match) total += match->replacement.size();
    at += match ? match->size : 1;
  }
  WY_ASSERT(total <= text.size() * bytes.size());
  return 0;
}
