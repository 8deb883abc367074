// Reads a file of any kind that we know, and gives its text with its structure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "ingest/extracted.h"

namespace wenyuan::ingest {

// The kind is found by content; `declared_type` (a media type) only decides between kinds of plain
// text. unsupported_media for what we cannot read, corrupt for a damaged file, too_large beyond a
// limit.
Result<Extracted> extract(std::string_view bytes, std::string_view declared_type);

// Loads what the parsers would otherwise load while they run. Call it once, before system calls are
// taken away.
void load_modules();

}  // namespace wenyuan::ingest
