// Answers to requests that were sent with an Idempotency-Key, kept for a day.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "store/database.h"

namespace wenyuan::store {

constexpr UnixMillis kIdempotencyTime = UnixMillis{24} * 60 * 60 * 1000;
constexpr std::size_t kIdempotencyKeySizeMax = 255;

struct Remembered {
  std::string request_hash;  // of method, path and body: another request under the key is an error
  int status = 0;
  std::string body;  // sealed on disk
};

// Nothing when the user has not used the key or it has expired.
Result<std::optional<Remembered>> find(Snapshot& snapshot, const std::string& user_id,
                                       const std::string& key, UnixMillis now);

// In the transaction of the request's own changes. conflict when the key has been used (by a
// request that ran at the same time); invalid_argument for an empty or over-long key.
Status remember(Transaction& tx, const std::string& user_id, const std::string& key,
                const Remembered& answer, UnixMillis now);

// Erases every answer that names the document; gives how many. A request that is sent again after
// that is done again.
Result<std::int64_t> forget_answers(Transaction& tx, const std::string& document_id);

}  // namespace wenyuan::store
