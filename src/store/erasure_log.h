// The receipts of erasures, and which of them still have something to do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/database.h"

namespace wenyuan::store {

struct Erasure {
  std::string receipt_id;
  std::string document_id;
  std::string user_id;  // whose act it was
  std::string receipt;  // signed
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

// The last one that is not swept; 0 when all are.
Result<std::int64_t> last_unswept(Snapshot& snapshot);
// All up to this one are.
Status mark_swept(Transaction& tx, std::int64_t last, UnixMillis now);

}  // namespace wenyuan::store
