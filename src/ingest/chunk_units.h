// The smallest parts that chunks are put together from: sentences, rows, lines of code, headings.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/chunker.h"
#include "ingest/extracted.h"

namespace wenyuan::ingest {

struct Unit {
  std::size_t begin = 0;  // bytes of the text, without white space around
  std::size_t end = 0;
  std::size_t block = 0;  // in Extracted::blocks
  std::int64_t tokens = 0;
};

// In order, each of at most `tokens_max` tokens: a longer sentence is cut at a clause, at a space,
// or between characters.
Result<std::vector<Unit>> to_units(const Extracted& extracted, std::int64_t tokens_max,
                                   const CountTokens& count_tokens);

// The tokens of each text, asked for in a few large batches.
Result<std::vector<std::int64_t>> count_all(const std::vector<std::string>& texts,
                                            const CountTokens& count_tokens);

}  // namespace wenyuan::ingest
