// Extracted texts, kept in pieces, with the places of their words.
#pragma once

#include <span>
#include <string_view>

#include "base/layout.h"
#include "store/database.h"
#include "store/document_row.h"

namespace wenyuan::store {

// Replaces the document's text (valid UTF-8) by that of its newest version; gives its size in code
// points.
Result<std::int64_t> put_text(Transaction& tx, const DocumentRow& row, std::string_view text);
// Replaces the document's layout.
Status put_layout(Transaction& tx, const DocumentRow& row, std::span<const TextBox> layout);

// The same for a superseded version that has none yet.
Result<std::int64_t> put_past_text(Transaction& tx, const DocumentRow& row, std::int64_t version,
                                   std::string_view text);
Status put_past_layout(Transaction& tx, const DocumentRow& row, std::int64_t version,
                       std::span<const TextBox> layout);

}  // namespace wenyuan::store
