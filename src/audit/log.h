// The audit log: append-only records, each bound to all before it by a hash.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/attributes.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::audit {

enum class Outcome { allowed, refused, failed };

// Never holds document text, a question or a secret: ids, counts and hashes only.
struct Event {
  std::string action{};  // "document.add", "search", "auth.refuse", …
  Outcome outcome = Outcome::allowed;
  std::string actor_id{};   // usr_… or "" when nobody is known
  std::string key_id{};     // of the API key that was used
  std::string object_id{};  // doc_…, col_…, usr_…; may be empty
  std::string request_id{};
  std::string address{};  // of the client
  Attributes details{};
};

struct Record {
  std::int64_t number = 0;  // from 1, without gaps
  UnixMillis time = 0;
  Event event;
  std::string hash{};  // hex; see docs/formats/audit.md
};

// Appends inside the transaction of the act itself: both happen, or neither.
Result<Record> append(store::Transaction& tx, const Event& event, UnixMillis now);

struct Query {
  std::string actor_id{}, action{}, object_id{};  // empty: any
  std::optional<UnixMillis> after{}, before{};
  std::int64_t below_number = 0;  // 0: from the newest
  int limit = 50;
};
// Newest first; invalid_argument unless limit is from 1 to 1000.
Result<std::vector<Record>> records(store::Snapshot& snapshot, const Query& query);

// Wire names.
std::string_view name(Outcome outcome);
std::optional<Outcome> outcome(std::string_view name);

struct Verification {
  std::int64_t record_count = 0;
  std::string head;  // hash of the last record, hex
};
// Recomputes every hash; corrupt names the first record that does not fit. A log that was cut off
// at its end looks whole here: audit/checkpoint.h finds that.
Result<Verification> verify(store::Snapshot& snapshot);

}  // namespace wenyuan::audit
