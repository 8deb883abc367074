// One reader for each kind of file.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "ingest/extracted.h"

namespace wenyuan::ingest {

// `text` is UTF-8. `rows_are_lines`: each line is a row of a table (CSV and the like).
Result<Extracted> extract_text(std::string_view text, bool rows_are_lines);
Result<Extracted> extract_markdown(std::string_view text);
Result<Extracted> extract_html(std::string_view text);
Result<Extracted> extract_pdf(std::string_view bytes);
Result<Extracted> extract_docx(std::string_view bytes);

}  // namespace wenyuan::ingest
