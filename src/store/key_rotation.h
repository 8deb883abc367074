// Puts all keys of a store under another master key, while it serves.
#pragma once

#include <cstdint>
#include <string>

#include "store/database.h"

namespace wenyuan::store {

struct Rotation {
  std::string before;  // MasterKey::id()
  std::string after;
  std::int64_t keys = 0;  // wrapped anew
};

// A master key in a file is replaced by a new random one, and kept as former_key_file()
// (key_ring.h); a credential or a command is asked again,
// and conflict when it still gives the same key. forbidden for a variable, which a running process
// cannot look at again: start the server with the new key and the previous one.
//
// The old key opens nothing of this database any more, but does open older copies of it, which are
// put under the new one when they are opened with both at hand. conflict also while another
// rotation runs. What a crash leaves of it is finished at the next start.
Result<Rotation> rotate_master_key(Database& database);

// Wraps under the current key what is not, and forgets the other keys; gives how many were wrapped.
// Of a rotation that was broken off, or when the owner has given another key and the previous one.
Result<std::int64_t> finish_rotation(Database& database);

}  // namespace wenyuan::store
