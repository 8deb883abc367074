// What an extractor makes of a file: text with its structure and, where there are pages, its boxes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "base/layout.h"
#include "base/result.h"

namespace wenyuan::ingest {

enum class BlockKind : std::uint8_t { heading, paragraph, list_item, table, code, quote };

// A run of the text, in reading order; blocks do not overlap and cover all that is searchable.
struct Block {
  BlockKind kind = BlockKind::paragraph;
  int level = 0;          // of a heading, from 1
  std::size_t begin = 0;  // bytes of Extracted::text, end exclusive
  std::size_t end = 0;
  int page = 0;  // on which it begins, from 1; 0 when there are no pages
};

// The box of one word (or of one CJK character).
struct WordBox {
  std::size_t begin = 0;  // bytes of Extracted::text
  std::size_t end = 0;
  Box box;
};

struct Extracted {
  std::string media_type;  // found by content
  std::string title;       // from the file itself; may be empty
  std::string text;        // UTF-8, blocks separated by blank lines
  std::vector<Block> blocks;
  std::vector<WordBox> words;  // in text order; empty when there are no pages
  std::int64_t page_count = 0;
};

constexpr std::int64_t kPageCountMax = 5000;
constexpr std::size_t kTitleSizeMax = 512;                   // bytes
constexpr std::size_t kTextSizeMax = std::size_t{64} << 20;  // bytes
constexpr std::size_t kWordSizeMax = 4096;                   // bytes of one WordBox

// The form in which wenyuan-extract hands it over its pipe. decode() checks every offset: the other
// side may have been taken over by the file that it read.
std::string encode(const Extracted& extracted);
Result<Extracted> decode(std::string_view bytes);

// The same for a run that may have failed. An error must be one that a file can cause; its message
// is cut and cleaned.
std::string encode_outcome(const Result<Extracted>& outcome);
Result<Extracted> decode_outcome(std::string_view bytes);

// The words with offsets in code points, as the store keeps them.
std::vector<TextBox> layout_of(const Extracted& extracted);

}  // namespace wenyuan::ingest
