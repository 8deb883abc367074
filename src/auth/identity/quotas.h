// How much users and collections may hold, and how much may be asked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::auth {

struct Quota {  // what is absent has no limit
  std::optional<std::int64_t> storage_bytes{}, documents{}, questions_per_day{};
  std::optional<std::int64_t> tokens_per_day{};  // that models read and write

  bool operator==(const Quota&) const = default;
};

struct Usage {
  std::int64_t storage_bytes = 0;  // of the newest versions
  std::int64_t documents = 0;
  std::int64_t questions_today = 0;
  std::int64_t tokens_today = 0;
};

// The subject of every user without a quota of their own.
inline constexpr std::string_view kEveryUser = "*";

// `subject_id`: a user, a collection, or kEveryUser. A user's storage is that of the collections
// that they own. invalid_argument below zero.
Status set_quota(store::Transaction& tx, const std::string& subject_id, const Quota& quota);
// All absent when there is none; a user without one has that of everybody.
Result<Quota> quota(store::Snapshot& snapshot, const std::string& subject_id);
Result<Usage> usage(store::Snapshot& snapshot, const std::string& subject_id, UnixMillis now);

// After something was added to the collection, in the same transaction: too_large undoes it. Only
// whoever added hears of it, and only that it is full.
Status check_storage(store::Snapshot& snapshot, const std::string& collection_id);

// --- questions and tokens of a day of UTC; nothing is written where nothing is limited

// Counts one question of a user, or to a collection; rate_limited when the day's are used up, or
// its tokens are.
Status count_question(store::Transaction& tx, const std::string& subject_id, UnixMillis now);
// Tokens are known when an answer is there, so the last answer of a day may go over its end.
Status charge_tokens(store::Transaction& tx, const std::string& subject_id, std::int64_t tokens,
                     UnixMillis now);
// Ids of collections, among these, to which questions are limited in some way; sorted.
Result<std::vector<std::string>> limited_collections(store::Snapshot& snapshot,
                                                     const std::vector<std::string>& among);
// Until the next day begins.
UnixMillis until_tomorrow(UnixMillis now);

}  // namespace wenyuan::auth
