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

// Along headings and blocks first, then at sentence ends; only a sentence over the limit is cut
// inside. Offsets of every chunk are exact: its text is text[char_start, char_end) of the document.
// Chunks are in order and do not overlap; only white space lies between them. Text, ordinal and
// location are set; so are the sections of a chunk that has several.
Result<std::vector<Chunk>> chunks(const Extracted& extracted, const ChunkOptions& options,
                                  const CountTokens& count_tokens);

// What a chunk is embedded as: with the title and the headings that it stands under.
std::string embedding_text(std::string_view title, const Chunk& chunk);

// A rough count without a model: CJK characters, and a third of a token per other byte.
std::int64_t estimated_tokens(std::string_view text);

}  // namespace wenyuan::ingest
