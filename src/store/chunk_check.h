// Opens every sealed text and vector, which proves that none was changed or moved.
#pragma once

#include <string>
#include <vector>

#include "base/era.h"
#include "store/database.h"

namespace wenyuan::store {

struct BadChunk {
  std::string what;  // is wrong, a sentence
  std::string document_id;
  Era era = Era::present;
};

// In the order of their ids, but for those without a key (has_key()); no more than `count_max`.
Result<std::vector<BadChunk>> find_bad_chunks(Snapshot& snapshot, std::size_t count_max);

// The same for extracted texts, of which no piece may be missing, and for layouts.
Result<std::vector<BadChunk>> find_bad_texts(Snapshot& snapshot, std::size_t count_max);

}  // namespace wenyuan::store
