// Removes a document that can no longer be read.
#pragma once

#include "store/database.h"

namespace wenyuan::store {

// Like remove_document(), for one whose key was destroyed before, or is lost.
Status erase_keyless(Transaction& tx, std::int64_t number);

}  // namespace wenyuan::store
