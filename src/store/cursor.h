// Where the next page of a list begins, in a form that tells its reader nothing.
//
// Row numbers would tell how much others have stored, so a cursor is encrypted with a key of the
// store.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/database.h"

namespace wenyuan::store {

// `list` names the list that the cursor is for: "documents", "users", …
Result<std::string> make_cursor(Snapshot& snapshot, std::string_view list, std::int64_t position);

// 0 for an empty cursor; invalid_argument for one that make_cursor() did not give for this list.
Result<std::int64_t> read_cursor(Snapshot& snapshot, std::string_view list,
                                 std::string_view cursor);

}  // namespace wenyuan::store
