// Finds out by its content what kind of file this is.
#pragma once

#include <string_view>

#include "base/result.h"

namespace wenyuan::ingest {

enum class FileKind { pdf, docx, html, text };

// unsupported_media, with the kind's name, for known kinds that have no reader. `text` still has to
// prove that it is text; Markdown is told from it by looks_like_markdown().
Result<FileKind> detect(std::string_view bytes);

// `text` is UTF-8. Believes the declared type; without one it needs several signs.
bool looks_like_markdown(std::string_view text, std::string_view declared_type);

}  // namespace wenyuan::ingest
