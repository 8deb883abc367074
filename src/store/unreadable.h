// Documents that are there and cannot be read.
#pragma once

#include <string>
#include <vector>

#include "store/database.h"

namespace wenyuan::store {

struct UnreadableDocument {
  std::int64_t number = 0;
  std::string id;
  std::string why;    // a sentence
  bool lost = false;  // a newer copy of the erasure secrets brings it back
};
// Those of which the key, the title or the file name does not open, or the key of the newest
// version, or a row that is not as it was written. Opens every document.
Result<std::vector<UnreadableDocument>> unreadable_documents(Snapshot& snapshot);

// What is sealed cannot be made anew: a title or a file name that does not open becomes empty. One
// sentence for each.
Result<std::vector<std::string>> empty_unopened_names(Transaction& tx);

}  // namespace wenyuan::store
