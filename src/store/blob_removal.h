// Removes the files of erased documents, without touching what somebody stores anew at that moment.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "store/blob_store.h"
#include "store/database.h"

namespace wenyuan::store {

// After the commit that erased them (Erased::unnamed_blobs). Looks again, where nobody else writes,
// whether a row names each. Gives those that no row names and that are still there: somebody has
// just put them and holds them, or the disk refused, which the log is told. What a crash leaves
// here is found by BlobStore::remove_unnamed() at the next start.
Result<std::vector<std::string>> remove_blobs(Database& database, const BlobStore& blobs,
                                              std::span<const std::string> sha256s);

}  // namespace wenyuan::store
