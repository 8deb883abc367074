// The table of blobs: which original bytes rows name.
#pragma once

#include <string>
#include <vector>

#include "store/database.h"

namespace wenyuan::store {

// A row that is there says from now on that these bytes came again: who copies them looks anew.
Status name_blob(Transaction& tx, const std::string& sha256, std::int64_t size_bytes,
                 UnixMillis now);
// Drops the rows of those that no document version names any more, and gives them.
Result<std::vector<std::string>> drop_unnamed(Transaction& tx, std::vector<std::string> sha256s);

}  // namespace wenyuan::store
