// How long records are kept, and what keeps them longer.
//
// Records leave by segments: when the last record of one class in 1,024 consecutive numbers is old
// enough, all records of that class there go. Their leaves stay, so every root and every proof for
// other records stays what it was, and a record of the log says what has gone.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "audit/merkle.h"
#include "audit/personal.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::audit {

constexpr std::int64_t kSegmentSize = 1024;
constexpr UnixMillis kSixYears = UnixMillis{6 * 365 + 2} * 24 * 60 * 60 * 1000;

// question: searches, questions, answers. access: what was read and listed. security: sign-ins,
// refusals, rights, keys, the log itself. change: everything else.
constexpr std::array<std::string_view, 4> kRetentionClasses = {"access", "change", "question",
                                                               "security"};
std::string_view class_of(std::string_view action);

// By class; a class that is not named is kept for six years.
using Retention = std::map<std::string, UnixMillis, std::less<>>;

// Removes the records of one class in one segment, if any are due and not held, and appends what
// was removed as "audit.retire". Gives their count: call again until it is 0.
Result<std::int64_t> retire_next(store::Transaction& tx, const Retention& retention,
                                 UnixMillis now);

// What is known of records that are gone.
struct Retired {
  std::int64_t segment = 0;
  std::string retention_class;
  std::int64_t record_count = 0;
  UnixMillis first_time = 0, last_time = 0;
  std::vector<std::uint8_t> numbers;  // a bit for each number of the segment
  std::string digest;                 // hex
  std::int64_t sealed_by = 0;         // the record that says so
  bool has(std::int64_t number) const;
};
Result<std::vector<Retired>> retired_in(store::Snapshot& snapshot, std::int64_t segment);
// Over the numbers and the leaves that went, in order.
std::string retired_digest(const Retired& retired, const std::vector<Hash>& leaves);
// As append() wrote it into details.
Attributes retired_details(const Retired& retired);

struct Hold {
  std::string id;
  std::string subject_id;  // usr_…, doc_…, col_…; empty: everything
  std::string reason;
  std::string created_by;
  UnixMillis created_at = 0;
};
Result<Hold> add_hold(store::Transaction& tx, const Hold& wanted, UnixMillis now);
// What was to be erased while it was held, and is held by nothing else, is erased now. not_found
// for a hold that is not in force.
Status release_hold(store::Transaction& tx, const std::string& id, UnixMillis now);
Result<std::vector<Hold>> holds(store::Snapshot& snapshot);

}  // namespace wenyuan::audit
