// Cuts a text into chunks that can be searched and quoted.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "base/result.h"
#include "ingest/extracted.h"

namespace wenyuan::ingest {

// Tokens of each text, as the embedding model counts.
using CountTokens = std::function<Result<std::vector<std::int64_t>>(std::span<const std::string>)>;

struct ChunkOptions {
  std::int64_t tokens_target = 384;
  std::int64_t tokens_max = 480;  // with title and headings it must fit the model's 512
};

// Byte ranges of sentences, in order, covering the text; English and Chinese.
std::vector<std::pair<std::size_t, std::size_t>> sentences(std::string_view text);

// Along headings and blocks first, then at sentence ends; only a sentence over the limit is cut
// inside. Offsets of every chunk are exact: its text is text[char_start, char_end) of the document.
Result<std::vector<Chunk>> chunks(const Extracted& extracted, const ChunkOptions& options,
                                  const CountTokens& count_tokens);

// A rough count without a model: CJK characters, and a third of a token per other byte.
std::int64_t estimated_tokens(std::string_view text);

}  // namespace wenyuan::ingest
