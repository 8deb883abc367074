#include "base/text.h"

#include "ingest/extract/builder.h"
#include "ingest/extract/formats.h"
#include "ingest/extract/plain_heading.h"

namespace wenyuan::ingest {

Result<Extracted> extract_text(std::string_view text, bool rows_are_lines) {
  Builder builder(rows_are_lines ? "text/csv" : "text/plain");
  std::string paragraph;
  std::size_t line_count = 0;
  const auto flush = [&] {
    const int level = line_count == 1 && !rows_are_lines ? plain_heading_level(paragraph) : 0;
    const BlockKind kind = rows_are_lines ? BlockKind::table
                           : level > 0    ? BlockKind::heading
                                          : BlockKind::paragraph;
    builder.add(kind, level, paragraph);
    paragraph.clear();
    line_count = 0;
  };
  for (std::size_t begin = 0; begin <= text.size() && !builder.is_full();) {
    // A form feed or a lone carriage return ends a line as well.
    const std::size_t end = std::min(text.find_first_of("\n\r\f", begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    if (end + 1 < text.size() && text[end] == '\r' && text[end + 1] == '\n') ++begin;
    if (trim(line).empty()) {
      if (!rows_are_lines) flush();
      continue;
    }
    paragraph += line;
    paragraph += '\n';
    ++line_count;
  }
  flush();
  return builder.finish();
}

}  // namespace wenyuan::ingest
