// The audit log: append-only records, each a leaf of one Merkle tree.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audit/personal.h"
#include "audit/record.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::audit {

// Appends inside the transaction of the act itself: both happen, or neither. The record that comes
// back has its hash.
Result<Record> append(store::Transaction& tx, const Vault& vault, const Event& event,
                      UnixMillis now);
// The same for an event without address and personal texts.
Result<Record> append(store::Transaction& tx, const Event& event, UnixMillis now);

// Makes the leaves of records that were written before there was a tree, once. corrupt, naming the
// record, when their chain is broken: then nothing is taken over and nothing can be appended.
Status adopt_chain(store::Transaction& tx);

struct Query {
  std::string actor_id{}, action{}, object_id{}, request_id{}, retention_class{};  // empty: any
  std::optional<Outcome> outcome{};
  std::optional<UnixMillis> after{}, before{};
  std::int64_t below_number = 0;  // 0: from the newest
  std::int64_t above_number = 0;
  bool oldest_first = false;
  int limit = 50;
};
// invalid_argument unless limit is from 1 to 1000.
Result<std::vector<Record>> records(store::Snapshot& snapshot, const Query& query);

// not_found when there is none, or none any more.
Result<Record> record(store::Snapshot& snapshot, std::int64_t number);

}  // namespace wenyuan::audit
