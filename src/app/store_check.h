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
// `deep` compares every chunk's words and vector too, about half a millisecond each.
Result<StoreCheck> check_store(const Layout& layout, store::Database& database, bool deep = false);

// What `wenyuan repair` did, and what it cannot do; one sentence each.
struct StoreRepair {
  std::vector<std::string> done;
  std::vector<std::string> left;
};
// Makes anew what follows from the truth and does not agree with it: SQLite's indexes, counts, jobs
// of documents that wait for none, chunks of documents whose rows do not agree (from the original,
// at the server's next start), search indexes. `database` is open for writing, so no server runs.
// Documents that cannot be read then (store/unreadable.h) are removed when `remove_unreadable`,
// else left.
Result<StoreRepair> repair_store(const Layout& layout, store::Database& database, UnixMillis now,
                                 bool remove_unreadable);

}  // namespace wenyuan::app
