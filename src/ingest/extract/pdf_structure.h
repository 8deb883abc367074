// What only shows when all pages of a PDF are known: headings, running heads, the title.
#pragma once

#include <string>
#include <vector>

#include "ingest/extract/builder.h"
#include "ingest/extract/pdf_layout.h"

namespace wenyuan::ingest {

struct PdfPage {
  double height = 0;
  std::vector<PdfParagraph> paragraphs;
};

// Adds everything to `builder`: without running heads and page numbers, paragraphs joined across
// columns and pages, headings by their size.
void build_pdf(std::vector<PdfPage> pages, Builder& builder);

// False for titles that programs put in by themselves: "Microsoft Word - a.doc", "untitled".
bool is_real_title(std::string_view title);

}  // namespace wenyuan::ingest
