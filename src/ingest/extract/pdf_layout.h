// Finds lines, columns, tables and paragraphs in the words of a page.
#pragma once

#include <string>
#include <vector>

#include "ingest/extract/builder.h"

namespace wenyuan::ingest {

// In points, origin top left, turned so that the text reads from left to right.
struct PdfWord {
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  double size = 0;  // of the font
  bool bold = false;
  bool space_after = false;
  std::string text;
  std::vector<Piece> pieces;  // the text in parts, with boxes on the page as it is shown
};

struct PdfParagraph {
  BlockKind kind = BlockKind::paragraph;  // heading is decided later, knowing all pages
  std::vector<Piece> pieces;
  double size = 0;
  bool bold = false;
  int line_count = 0;
  double y0 = 0, y1 = 0;     // on the page
  bool fills_line = false;   // its last line reaches the right side
  bool is_indented = false;  // its first line begins further right
  bool is_aside = false;     // written in another direction than the page
};

// `words` in the order of the file, which mostly goes line by line. Paragraphs in reading order.
std::vector<PdfParagraph> lay_out(std::vector<PdfWord> words, double page_width);

// The text of a paragraph without boxes.
std::string text_of(const PdfParagraph& paragraph);

}  // namespace wenyuan::ingest
