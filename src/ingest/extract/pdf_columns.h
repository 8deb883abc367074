// Orders the pieces of lines on a page by its columns.
#pragma once

#include <vector>

#include "ingest/extract/pdf_layout.h"

namespace wenyuan::ingest {

// Words that stand closely side by side.
struct PdfSegment {
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  double size = 0;
  std::size_t char_count = 0;
  std::vector<PdfWord> words;
};

// Parts of a page that are read one after the other, each from top to bottom.
using PdfRegion = std::vector<PdfSegment>;

std::vector<PdfSegment> to_segments(std::vector<PdfWord> words);
std::vector<PdfRegion> to_regions(std::vector<PdfSegment> segments, double page_width);

}  // namespace wenyuan::ingest
