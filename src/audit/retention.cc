#include "audit/retention.h"

#include <algorithm>

#include "audit/log.h"
#include "audit/tree.h"
#include "base/text.h"
#include "store/digest.h"

namespace wenyuan::audit {
namespace {

struct Prefix {
  std::string_view head;
  std::string_view retention_class;
};
// The first that fits. Reading is told from changing by the end of the name: see class_of.
constexpr Prefix kPrefixes[] = {
    {"ask", "question"},       {"answer", "question"},   {"search", "question"},
    {"generate", "question"},  {"embed", "question"},    {"rerank", "question"},
    {"auth.", "security"},     {"session.", "security"}, {"second_factor.", "security"},
    {"refuse", "security"},    {"key.", "security"},     {"user.", "security"},
    {"group.", "security"},    {"grant.", "security"},   {"policy.", "security"},
    {"provider.", "security"}, {"audit.", "security"},   {"config", "security"},
    {"server.", "security"},   {"role.", "security"},    {"break_glass.", "security"},
    {"identity.", "security"}, {"store.", "security"},   {"backup.", "security"},
};

std::size_t offset_of(std::int64_t number) {
  return static_cast<std::size_t>((number - 1) % kSegmentSize);
}
std::int64_t segment_of(std::int64_t number) { return (number - 1) / kSegmentSize; }

UnixMillis kept_for(const Retention& retention, std::string_view retention_class) {
  const auto found = retention.find(retention_class);
  return found == retention.end() ? kSixYears : found->second;
}

// Of the first record of the class behind `number`; 0 when there is none.
Result<std::int64_t> first_behind(store::Snapshot& snapshot, std::string_view retention_class,
                                  std::int64_t number) {
  WY_TRY(auto statement, snapshot.prepare("SELECT ifnull(min(number), 0) FROM audit_records "
                                          "WHERE class = ? AND number > ?"));
  WY_RETURN_IF_ERROR(statement.bind(1, retention_class).bind(2, number).step());
  return statement.integer(0);
}

Result<bool> is_held(store::Snapshot& snapshot, const Retired& wanted) {
  WY_TRY(auto statement,
         snapshot.prepare(
             "SELECT 1 FROM audit_holds WHERE released_at IS NULL AND (subject_id = '' OR EXISTS ("
             "SELECT 1 FROM audit_records WHERE class = ?1 AND number > ?2 AND number <= ?3 "
             "AND subject_id IN (actor_id, object_id)))"));
  return statement.bind(1, wanted.retention_class)
      .bind(2, wanted.segment * kSegmentSize)
      .bind(3, (wanted.segment + 1) * kSegmentSize)
      .step();
}

// Everything about the records but what they say.
Result<Retired> summarize(store::Snapshot& snapshot, const std::string& retention_class,
                          std::int64_t segment) {
  Retired made;
  made.segment = segment;
  made.retention_class = retention_class;
  made.numbers.assign(kSegmentSize / 8, 0);
  std::vector<Hash> leaves;
  WY_TRY(auto statement,
         snapshot.prepare("SELECT number, time FROM audit_records WHERE class = ? AND number > ? "
                          "AND number <= ? ORDER BY number"));
  statement.bind(1, retention_class)
      .bind(2, segment * kSegmentSize)
      .bind(3, (segment + 1) * kSegmentSize);
  for (;;) {
    WY_TRY(const bool row, statement.step());
    if (!row) break;
    const std::int64_t number = statement.integer(0);
    const UnixMillis time = statement.integer(1);
    made.first_time = made.record_count == 0 ? time : std::min(made.first_time, time);
    made.last_time = made.record_count == 0 ? time : std::max(made.last_time, time);
    made.record_count += 1;
    made.numbers[offset_of(number) / 8] |= static_cast<std::uint8_t>(1U << (offset_of(number) % 8));
    WY_TRY(const Hash leaf, leaf_at(snapshot, number));
    leaves.push_back(leaf);
  }
  made.digest = retired_digest(made, leaves);
  return made;
}

Status remove(store::Transaction& tx, const Retired& retired, UnixMillis now) {
  Event event;
  event.action = "audit.retire";
  event.details = retired_details(retired);
  WY_TRY(const Record sealing, append(tx, event, now));
  WY_TRY(auto insert, tx.prepare("INSERT INTO audit_retired (segment, class, record_count, "
                                 "first_time, last_time, numbers, digest, sealed_by) "
                                 "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  WY_RETURN_IF_ERROR(insert.bind(1, retired.segment)
                         .bind(2, retired.retention_class)
                         .bind(3, retired.record_count)
                         .bind(4, retired.first_time)
                         .bind(5, retired.last_time)
                         .bind_blob(6, retired.numbers)
                         .bind_blob(7, *from_hex(retired.digest))
                         .bind(8, sealing.number)
                         .run());
  WY_TRY(auto statement,
         tx.prepare("DELETE FROM audit_records WHERE class = ? AND number > ? AND number <= ?"));
  return statement.bind(1, retired.retention_class)
      .bind(2, retired.segment * kSegmentSize)
      .bind(3, (retired.segment + 1) * kSegmentSize)
      .run();
}

// Nothing when the class has no segment that may go.
Result<std::int64_t> retire_class(store::Transaction& tx, const std::string& retention_class,
                                  UnixMillis keep, UnixMillis now) {
  WY_TRY(const std::int64_t size, tree_size(tx));
  std::int64_t behind = 0;
  for (;;) {
    WY_TRY(const std::int64_t first, first_behind(tx, retention_class, behind));
    const std::int64_t segment = segment_of(first);
    if (first == 0 || (segment + 1) * kSegmentSize > size) return std::int64_t{0};
    WY_TRY(const Retired wanted, summarize(tx, retention_class, segment));
    if (wanted.last_time > now - keep) return std::int64_t{0};
    WY_TRY(const bool held, is_held(tx, wanted));
    if (!held) {
      WY_RETURN_IF_ERROR(remove(tx, wanted, now));
      return wanted.record_count;
    }
    behind = (segment + 1) * kSegmentSize;
  }
}

// Of those who were nobody: audit/personal.cc makes one a month.
Status destroy_month_keys(store::Transaction& tx, UnixMillis before) {
  WY_TRY(auto statement,
         tx.prepare("UPDATE audit_subjects SET wrapped = NULL, erase_asked_at = ?1 "
                    "WHERE subject_id >= 'month:' AND subject_id < 'month;' AND created_at < ?1 "
                    "AND wrapped IS NOT NULL AND NOT EXISTS (SELECT 1 FROM audit_holds "
                    "WHERE released_at IS NULL AND subject_id = '')"));
  return statement.bind(1, before).run();
}

}  // namespace

std::string_view class_of(std::string_view action) {
  for (const Prefix& each : kPrefixes) {
    if (action.starts_with(each.head)) return each.retention_class;
  }
  return action.ends_with(".read") || action.ends_with(".list") ? "access" : "change";
}

bool Retired::has(std::int64_t number) const {
  if (segment_of(number) != segment || numbers.size() != kSegmentSize / 8) return false;
  return ((numbers[offset_of(number) / 8] >> (offset_of(number) % 8)) & 1U) != 0;
}

std::string retired_digest(const Retired& retired, const std::vector<Hash>& leaves) {
  store::DigestWriter digest;
  digest.add("wenyuan audit retired 1");
  digest.add(std::to_string(retired.segment) + " " + retired.retention_class + "\n");
  digest.add(retired.numbers);
  for (const Hash& leaf : leaves) digest.add(leaf);
  return to_hex(digest.finish());
}

Attributes retired_details(const Retired& retired) {
  return {{"class", retired.retention_class},
          {"count", retired.record_count},
          {"digest", retired.digest},
          {"first_number", retired.segment * kSegmentSize + 1},
          {"first_time", rfc3339(retired.first_time)},
          {"last_number", (retired.segment + 1) * kSegmentSize},
          {"last_time", rfc3339(retired.last_time)}};
}

Result<std::int64_t> retire_next(store::Transaction& tx, const Retention& retention,
                                 UnixMillis now) {
  UnixMillis longest = 0;
  for (const std::string_view each : kRetentionClasses) {
    const UnixMillis keep = kept_for(retention, each);
    longest = std::max(longest, keep);
    WY_TRY(const std::int64_t count, retire_class(tx, std::string(each), keep, now));
    if (count > 0) return count;
  }
  WY_RETURN_IF_ERROR(destroy_month_keys(tx, now - longest));
  // Records of format 1 have no class.
  return retire_class(tx, "", longest, now);
}

Result<std::vector<Retired>> retired_in(store::Snapshot& snapshot, std::int64_t segment) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT class, record_count, first_time, last_time, numbers, digest, "
                          "sealed_by FROM audit_retired WHERE segment = ? ORDER BY class"));
  statement.bind(1, segment);
  std::vector<Retired> found;
  for (;;) {
    WY_TRY(const bool row, statement.step());
    if (!row) return found;
    Retired each;
    each.segment = segment;
    each.retention_class = statement.text(0);
    each.record_count = statement.integer(1);
    each.first_time = statement.integer(2);
    each.last_time = statement.integer(3);
    const auto numbers = statement.blob(4);
    each.numbers.assign(numbers.begin(), numbers.end());
    each.digest = to_hex(statement.blob(5));
    each.sealed_by = statement.integer(6);
    found.push_back(std::move(each));
  }
}

}  // namespace wenyuan::audit
