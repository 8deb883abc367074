// Tells headings in text that has no marks for them.
#pragma once

#include <string_view>

namespace wenyuan::ingest {

// The level (from 1) of a line that stands alone, as its numbering says: "第三章 总则", "Chapter
// 4", "2.1 Scope". 0 when it is no heading.
int plain_heading_level(std::string_view line);

}  // namespace wenyuan::ingest
