// Compares everything derived with the truth, for `wenyuan verify`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/parts.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::app {

struct StoreCheck {
  std::int64_t documents = 0;
  std::int64_t chunks = 0;
  std::int64_t blobs = 0;
  std::int64_t compartments = 0;
  std::vector<std::string> problems;  // one sentence each; empty: all agrees
};

// Checks SQLite's own integrity, that every original is there with its hash, that every chunk is
// the text that it says it is, and that what the sealed indexes hold is what the store held at
// their commit. Reads only, so a server may be running.
Result<StoreCheck> check_store(const Layout& layout, store::Database& database);

}  // namespace wenyuan::app
