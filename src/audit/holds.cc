#include "audit/retention.h"
#include "base/id.h"
#include "base/text.h"

namespace wenyuan::audit {
namespace {

constexpr std::size_t kReasonSizeMax = 1024;

}  // namespace

Result<Hold> add_hold(store::Transaction& tx, const Hold& wanted, UnixMillis now) {
  if (wanted.reason.empty() || wanted.reason.size() > kReasonSizeMax || !is_utf8(wanted.reason)) {
    return Error{ErrorCode::invalid_argument, "a hold needs a reason of at most 1024 bytes"};
  }
  Hold made = wanted;
  made.id = new_id("hld");
  made.created_at = now;
  WY_TRY(auto statement,
         tx.prepare("INSERT INTO audit_holds (id, subject_id, reason, created_by, created_at) "
                    "VALUES (?, ?, ?, ?, ?)"));
  WY_RETURN_IF_ERROR(statement.bind(1, made.id)
                         .bind(2, made.subject_id)
                         .bind(3, made.reason)
                         .bind(4, made.created_by)
                         .bind(5, made.created_at)
                         .run());
  return made;
}

Status release_hold(store::Transaction& tx, const std::string& id, UnixMillis now) {
  WY_TRY(auto release, tx.prepare("UPDATE audit_holds SET released_at = ? "
                                  "WHERE id = ? AND released_at IS NULL RETURNING id"));
  WY_TRY(const bool found, release.bind(1, now).bind(2, id).step());
  if (!found) return Error{ErrorCode::not_found, "there is no such hold"};
  release.reset();
  WY_TRY(
      auto erase,
      tx.prepare("UPDATE audit_subjects SET wrapped = NULL WHERE erase_asked_at IS NOT NULL "
                 "AND wrapped IS NOT NULL AND NOT EXISTS (SELECT 1 FROM audit_holds "
                 "WHERE released_at IS NULL AND subject_id IN ('', audit_subjects.subject_id))"));
  return erase.run();
}

Result<std::vector<Hold>> holds(store::Snapshot& snapshot) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT id, subject_id, reason, created_by, created_at FROM audit_holds "
                          "WHERE released_at IS NULL ORDER BY created_at, id"));
  std::vector<Hold> found;
  for (;;) {
    WY_TRY(const bool row, statement.step());
    if (!row) return found;
    found.push_back({statement.text(0), statement.text(1), statement.text(2), statement.text(3),
                     statement.integer(4)});
  }
}

}  // namespace wenyuan::audit
