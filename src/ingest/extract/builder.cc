#include "ingest/extract/builder.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "ingest/extract/clean.h"

namespace wenyuan::ingest {
namespace {

constexpr std::size_t kFirstLineSizeMax = 120;

// Without white space around, but with the indentation of the first line of code.
std::string_view trimmed(std::string_view text, BlockKind kind) {
  if (kind != BlockKind::code) return trim(text);
  const std::size_t first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return {};
  const std::size_t line = text.rfind('\n', first);
  const std::size_t last = text.find_last_not_of(" \t\n");
  const std::size_t begin = line == std::string_view::npos ? 0 : line + 1;
  return text.substr(begin, last + 1 - begin);
}

// Pieces that NFC would melt together become one, so that every box has characters of its own.
std::vector<Piece> separable(std::span<const Piece> pieces) {
  std::vector<Piece> result;
  for (const Piece& piece : pieces) {
    if (result.empty() || piece.space_before || begins_own_character(piece.text)) {
      result.push_back(piece);
      continue;
    }
    Piece& last = result.back();
    last.text += piece.text;
    if (!piece.box || !last.box) continue;
    last.box->x0 = std::min(last.box->x0, piece.box->x0);
    last.box->y0 = std::min(last.box->y0, piece.box->y0);
    last.box->x1 = std::max(last.box->x1, piece.box->x1);
    last.box->y1 = std::max(last.box->y1, piece.box->y1);
  }
  return result;
}

}  // namespace

bool Builder::begin_block(std::size_t size) {
  if (full_ || extracted_.text.size() + size + 2 > kTextSizeMax) {
    full_ = true;
    return false;
  }
  return true;
}

void Builder::end_block(BlockKind kind, int level, int page, std::size_t begin) {
  Block block;
  block.kind = kind;
  block.level = level;
  block.begin = begin;
  block.end = extracted_.text.size();
  block.page = page;
  extracted_.blocks.push_back(block);
}

void Builder::add(BlockKind kind, int level, std::string_view text) {
  const bool keep = kind == BlockKind::code;
  const std::string cleaned = clean(text, keep ? Spaces::keep : Spaces::collapse);
  const std::string_view body = trimmed(cleaned, kind);
  if (body.empty() || !begin_block(body.size())) return;
  if (!extracted_.text.empty()) extracted_.text += "\n\n";
  const std::size_t begin = extracted_.text.size();
  extracted_.text += body;
  end_block(kind, level, 0, begin);
}

void Builder::add(BlockKind kind, int level, int page, std::span<const Piece> pieces) {
  std::size_t size = 0;
  for (const Piece& piece : pieces) size += piece.text.size() * 3 + 1;
  if (!begin_block(size)) return;
  std::size_t begin = 0;
  bool begun = false;
  bool space = false;
  bool line_break = false;
  for (const Piece& piece : separable(pieces)) {
    const std::string cleaned = clean(piece.text, Spaces::collapse);
    const std::string_view body = trim(cleaned);
    space = space || piece.space_before;
    line_break = line_break || piece.text.starts_with('\n');
    if (body.empty()) continue;
    if (!begun) {
      if (!extracted_.text.empty()) extracted_.text += "\n\n";
      begin = extracted_.text.size();
      begun = true;
    } else if (line_break) {
      extracted_.text += '\n';
    } else if (space) {
      extracted_.text += ' ';
    }
    space = line_break = false;
    const std::size_t word = extracted_.text.size();
    extracted_.text += body;
    if (piece.box && body.size() <= kWordSizeMax) {
      extracted_.words.push_back({word, extracted_.text.size(), *piece.box});
    }
  }
  if (begun) end_block(kind, level, page, begin);
}

void Builder::set_title(std::string_view title) {
  extracted_.title = clean_line(title, kTitleSizeMax);
}

Result<Extracted> Builder::finish(std::string_view empty_reason) {
  if (full_) {
    return Error{ErrorCode::too_large,
                 "the file has more than " + std::to_string(kTextSizeMax >> 20) + " MiB of text"};
  }
  if (extracted_.text.empty()) {
    return Error{ErrorCode::unsupported_media, std::string(empty_reason)};
  }
  const auto text_of = [&](const Block& block) {
    return std::string_view(extracted_.text).substr(block.begin, block.end - block.begin);
  };
  if (!has_title()) {
    const auto heading =
        std::find_if(extracted_.blocks.begin(), extracted_.blocks.end(),
                     [](const Block& block) { return block.kind == BlockKind::heading; });
    if (heading != extracted_.blocks.end()) set_title(text_of(*heading));
  }
  if (!has_title()) {
    const std::string_view first = text_of(extracted_.blocks.front());
    const std::string_view line = first.substr(0, first.find('\n'));
    if (line.size() <= kFirstLineSizeMax) set_title(line);
  }
  return std::move(extracted_);
}

}  // namespace wenyuan::ingest
