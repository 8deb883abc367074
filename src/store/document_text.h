// Extracted texts, kept in pieces.
#pragma once

#include <string_view>

#include "store/database.h"

namespace wenyuan::store {

// Replaces the document's text (valid UTF-8); gives its size in code points.
Result<std::int64_t> put_text(Transaction& tx, std::int64_t document_number, std::string_view text);

}  // namespace wenyuan::store
