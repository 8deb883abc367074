// The receipts of erasures, and which of them still have something to do.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/database.h"

namespace wenyuan::store {

struct Erasure {
  std::string receipt_id;
  std::string erased_id;  // the document's, or the collection's
  std::string user_id;    // whose act it was
  std::string receipt;    // signed
  UnixMillis erased_at = 0;
  // What there was, to look for it: numbers of chunks (0: none) and of the erasure secret.
  ChunkId first_chunk = 0;
  ChunkId last_chunk = 0;
  std::vector<ChunkId> past_chunks{};  // first and last of each superseded version
  std::int64_t key_secret = 0;
  // When nothing was left any more in derived files, in the engine and in the log of the database.
  std::optional<UnixMillis> swept_at;
};

// In the transaction of the erasure itself.
Status add_erasure(Transaction& tx, const Erasure& erasure);
// not_found when there is none.
Result<Erasure> erasure(Snapshot& snapshot, const std::string& receipt_id);

// The number of the last one that is not swept; 0 when all are.
Result<std::int64_t> last_unswept(Snapshot& snapshot);
struct Unswept {
  std::int64_t number = 0;
  std::string receipt_id;
  std::string receipt;
  bool secret_left = false;  // its key is not destroyed yet
};
// Those behind this number, in the order in which they came; no more than `count_max`.
Result<std::vector<Unswept>> unswept(Snapshot& snapshot, std::int64_t after, std::size_t count_max);
Status mark_swept(Transaction& tx, std::span<const std::int64_t> numbers, UnixMillis now);

}  // namespace wenyuan::store
