// Looks in the database for what was erased, for whoever holds a receipt.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/era.h"
#include "store/erasure_log.h"

namespace wenyuan::store {

// One sentence for each kind of row that is still there; tells nothing of what is in them.
Result<std::vector<std::string>> erasure_remains(Snapshot& snapshot, const Erasure& erasure);

// Compartments, and pasts of compartments, that have chunks: each should have an index file.
Result<std::vector<std::pair<LabelId, Era>>> places_with_chunks(Snapshot& snapshot);

}  // namespace wenyuan::store
