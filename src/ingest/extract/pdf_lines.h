// Lines of a PDF page, and how their words go together.
#pragma once

#include <string>
#include <vector>

#include "ingest/extract/pdf_columns.h"

namespace wenyuan::ingest {

struct PdfLine {
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  double size = 0;
  bool bold = false;
  std::string text;                      // as it will read
  std::vector<PdfWord> words;            // in reading order
  std::vector<std::size_t> cell_starts;  // words that begin a cell; the first is 0
  bool is_entry = false;                 // of a table of contents
};

// Top to bottom; segments at one height form one line.
std::vector<PdfLine> to_lines(PdfRegion region);

// Begins with a bullet or an item's number.
bool is_list_item(const PdfLine& line);

// Adds the line to the paragraph: joined to the line before it as the script asks (a space, or none
// in Chinese, or none instead of a hyphen); a table's row on a line of its own, "a | b".
void append_line(PdfParagraph& paragraph, const PdfLine& line, bool as_row);

}  // namespace wenyuan::ingest
