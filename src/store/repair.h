// Makes rows agree with each other again, where the rest of the store says what they should be.
#pragma once

#include <string>
#include <vector>

#include "store/database.h"

namespace wenyuan::store {

// A sentence for each thing done; empty when all agreed. SQLite's indexes are built anew; counts
// are counted; titles and file names that do not open are emptied; documents whose rows do not
// agree are taken in again from their original, by the jobs that this queues. What cannot be read
// (store/unreadable.h) is left.
Result<std::vector<std::string>> repair_rows(Transaction& tx, UnixMillis now);

}  // namespace wenyuan::store
