#include "auth/identity/quotas.h"

#include <algorithm>

namespace wenyuan::auth {
namespace {

constexpr UnixMillis kDayMs = UnixMillis{24} * 60 * 60 * 1000;

void bind_limit(store::Statement& statement, int at, const std::optional<std::int64_t>& limit) {
  if (limit) {
    statement.bind(at, *limit);
  } else {
    statement.bind_null(at);
  }
}

std::optional<std::int64_t> limit_of(const store::Statement& statement, int at) {
  if (statement.is_null(at)) return std::nullopt;
  return statement.integer(at);
}

Result<std::optional<Quota>> row(store::Snapshot& snapshot, std::string_view subject_id) {
  WY_TRY(auto statement, snapshot.prepare("SELECT storage_bytes, documents, questions_per_day, "
                                          "tokens_per_day FROM quotas WHERE subject_id = ?"));
  WY_TRY(const bool found, statement.bind(1, subject_id).step());
  if (!found) return std::optional<Quota>();
  return std::optional(Quota{limit_of(statement, 0), limit_of(statement, 1), limit_of(statement, 2),
                             limit_of(statement, 3)});
}

Error full(std::string_view what) {
  return {ErrorCode::too_large, "The quota of " + std::string(what) + " is used up"};
}

Status check_one(store::Snapshot& snapshot, const std::string& subject_id, std::string_view what) {
  WY_TRY(const Quota limits, quota(snapshot, subject_id));
  if (!limits.storage_bytes && !limits.documents) return Done{};
  WY_TRY(const Usage used, usage(snapshot, subject_id, 0));
  if (limits.storage_bytes && used.storage_bytes > *limits.storage_bytes) return full(what);
  if (limits.documents && used.documents > *limits.documents) return full(what);
  return Done{};
}

struct Spent {
  std::int64_t questions = 0;
  std::int64_t tokens = 0;
};

// What is spent with this.
Result<Spent> add(store::Transaction& tx, const std::string& subject_id, const Spent& more,
                  UnixMillis now) {
  const std::int64_t day = now / kDayMs;
  WY_TRY(auto forget, tx.prepare("DELETE FROM question_counts WHERE subject_id = ? AND day < ?"));
  WY_RETURN_IF_ERROR(forget.bind(1, subject_id).bind(2, day).run());
  WY_TRY(
      auto count,
      tx.prepare("INSERT INTO question_counts (subject_id, day, questions, tokens) "
                 "VALUES (?1, ?2, ?3, ?4) ON CONFLICT (subject_id, day) DO UPDATE SET "
                 "questions = questions + ?3, tokens = tokens + ?4 RETURNING questions, tokens"));
  count.bind(1, subject_id).bind(2, day).bind(3, more.questions);
  WY_RETURN_IF_ERROR(count.bind(4, more.tokens).step());
  return Spent{count.integer(0), count.integer(1)};
}

std::string of_what(const std::string& subject_id) {
  return subject_id.starts_with("col_") ? " for the collection " + subject_id : std::string();
}

}  // namespace

Status set_quota(store::Transaction& tx, const std::string& subject_id, const Quota& quota) {
  for (const auto& limit :
       {quota.storage_bytes, quota.documents, quota.questions_per_day, quota.tokens_per_day}) {
    if (limit && *limit < 0) return Error{ErrorCode::invalid_argument, "a quota is not below zero"};
  }
  if (quota == Quota{}) {
    WY_TRY(auto remove, tx.prepare("DELETE FROM quotas WHERE subject_id = ?"));
    return remove.bind(1, subject_id).run();
  }
  WY_TRY(auto insert, tx.prepare("INSERT OR REPLACE INTO quotas (subject_id, storage_bytes, "
                                 "documents, questions_per_day, tokens_per_day) "
                                 "VALUES (?, ?, ?, ?, ?)"));
  insert.bind(1, subject_id);
  bind_limit(insert, 2, quota.storage_bytes);
  bind_limit(insert, 3, quota.documents);
  bind_limit(insert, 4, quota.questions_per_day);
  bind_limit(insert, 5, quota.tokens_per_day);
  return insert.run();
}

Result<Quota> quota(store::Snapshot& snapshot, const std::string& subject_id) {
  WY_TRY(const auto own, row(snapshot, subject_id));
  if (own) return *own;
  if (!subject_id.starts_with("usr_")) return Quota{};
  WY_TRY(const auto everybody, row(snapshot, kEveryUser));
  return everybody.value_or(Quota{});
}

Result<Usage> usage(store::Snapshot& snapshot, const std::string& subject_id, UnixMillis now) {
  Usage used;
  WY_TRY(auto held, snapshot.prepare("SELECT ifnull(sum(d.size_bytes), 0), count(*) FROM "
                                     "documents d JOIN collections c ON c.id = d.collection_id "
                                     "WHERE c.id = ?1 OR c.owner_id = ?1"));
  WY_RETURN_IF_ERROR(held.bind(1, subject_id).step());
  used.storage_bytes = held.integer(0);
  used.documents = held.integer(1);
  WY_TRY(auto asked, snapshot.prepare("SELECT questions, tokens FROM question_counts WHERE "
                                      "subject_id = ? AND day = ?"));
  WY_TRY(const bool found, asked.bind(1, subject_id).bind(2, now / kDayMs).step());
  if (found) used.questions_today = asked.integer(0);
  if (found) used.tokens_today = asked.integer(1);
  return used;
}

Status check_storage(store::Snapshot& snapshot, const std::string& collection_id) {
  WY_RETURN_IF_ERROR(check_one(snapshot, collection_id, "this collection"));
  WY_TRY(auto owner, snapshot.prepare("SELECT owner_id FROM collections WHERE id = ?"));
  WY_TRY(const bool found, owner.bind(1, collection_id).step());
  if (!found) return Done{};
  return check_one(snapshot, owner.text(0), "this collection's owner");
}

Status count_question(store::Transaction& tx, const std::string& subject_id, UnixMillis now) {
  WY_TRY(const Quota limits, quota(tx, subject_id));
  if (!limits.questions_per_day && !limits.tokens_per_day) return Done{};
  WY_TRY(const Spent spent, add(tx, subject_id, {.questions = 1}, now));
  if (limits.questions_per_day && spent.questions > *limits.questions_per_day) {
    return Error{ErrorCode::rate_limited, "Today's questions are used up" + of_what(subject_id)};
  }
  if (limits.tokens_per_day && spent.tokens >= *limits.tokens_per_day) {
    return Error{ErrorCode::rate_limited, "Today's tokens are used up" + of_what(subject_id)};
  }
  return Done{};
}

Status charge_tokens(store::Transaction& tx, const std::string& subject_id, std::int64_t tokens,
                     UnixMillis now) {
  WY_TRY(const Quota limits, quota(tx, subject_id));
  if (!limits.tokens_per_day || tokens <= 0) return Done{};
  WY_RETURN_IF_ERROR(add(tx, subject_id, {.tokens = tokens}, now));
  return Done{};
}

Result<std::vector<std::string>> limited_collections(store::Snapshot& snapshot,
                                                     const std::vector<std::string>& among) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT subject_id FROM quotas WHERE subject_id GLOB 'col_*' AND "
                          "(questions_per_day IS NOT NULL OR tokens_per_day IS NOT NULL) "
                          "ORDER BY subject_id"));
  std::vector<std::string> found;
  for (;;) {
    WY_TRY(const bool more, statement.step());
    if (!more) return found;
    std::string id = statement.text(0);
    if (std::ranges::find(among, id) != among.end()) found.push_back(std::move(id));
  }
}

UnixMillis until_tomorrow(UnixMillis now) { return kDayMs - now % kDayMs; }

}  // namespace wenyuan::auth
