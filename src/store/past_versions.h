// Texts of superseded versions: how they get where a search as of a moment finds them, and go.
#pragma once

#include <string>

#include "store/content_store.h"
#include "store/document_row.h"

namespace wenyuan::store {

// Before the text of the document's newest version takes the place of the one that it has: moves
// that to the past. Nothing when it has none, or when the newest version is only read again.
Status supersede_text(Transaction& tx, const DocumentRow& row);

// Of a version that was read only after a newer one had been uploaded. Nothing when its text is
// there already; not_found when the version is not.
Status put_past_version(Transaction& tx, const DocumentRow& row, const Processed& processed);

// The texts, chunks and layouts of all superseded versions; their originals stay. The changes are
// the caller's.
Status forget_past_texts(Transaction& tx, const DocumentRow& row);

}  // namespace wenyuan::store
