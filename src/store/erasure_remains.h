// Looks in the database for what was erased, for whoever holds a receipt.
#pragma once

#include <string>
#include <vector>

#include "store/erasure_log.h"

namespace wenyuan::store {

// One sentence for each kind of row that is still there; tells nothing of what is in them.
Result<std::vector<std::string>> erasure_remains(Snapshot& snapshot, const Erasure& erasure);

}  // namespace wenyuan::store
