// Overwrites the erasure secrets of what a committed unit has erased.
#pragma once

#include <cstdint>

#include "store/database.h"

namespace wenyuan::store {

class Connection;

// Outside a transaction, in the writer thread or before there is one. What a crash leaves is done
// at the next start.
Status destroy_erased_secrets(Connection& connection, const KeyRing& keys);

// Removes documents and superseded versions whose secret was destroyed before: an older copy of the
// database has been put back, in which they still stood. A document goes as a whole when its text
// of now, in that copy, is of a version that was erased since. At the start. What was lost at the
// start before and is back is to be indexed again.
// Gives how many documents are there whose secret, or that of their newest version, is lost: an
// older copy of the secrets has been put back.
Result<std::int64_t> remove_keyless(Database& database);

}  // namespace wenyuan::store
