// Puts an Extracted together, block by block.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ingest/extracted.h"

namespace wenyuan::ingest {

// A part of a block that has one box.
struct Piece {
  std::string text;
  std::optional<Box> box;
  bool space_before = false;
};

class Builder {
 public:
  explicit Builder(std::string_view media_type) { extracted_.media_type = media_type; }

  // Cleans the text; a block without anything visible is left out.
  void add(BlockKind kind, int level, std::string_view text);
  // The same with boxes; the block begins on `page`.
  void add(BlockKind kind, int level, int page, std::span<const Piece> pieces);

  void set_title(std::string_view title);
  bool has_title() const { return !extracted_.title.empty(); }
  void set_page_count(std::int64_t count) { extracted_.page_count = count; }
  bool is_empty() const { return extracted_.text.empty(); }
  // True once kTextSizeMax is reached: nothing more is taken in, and finish() fails.
  bool is_full() const { return full_; }

  // Takes the first heading as the title when none was set; after that a short first line.
  // unsupported_media with `empty_reason` when there is no text at all.
  Result<Extracted> finish(std::string_view empty_reason = "the file has no text");

 private:
  bool begin_block(std::size_t size);
  void end_block(BlockKind kind, int level, int page, std::size_t begin);

  Extracted extracted_;
  bool full_ = false;
};

}  // namespace wenyuan::ingest
