#include "base/clock.h"
#include "store/connection.h"
#include "store/database.h"

namespace wenyuan::store {
namespace {

Result<std::int64_t> counter(Snapshot& snapshot, std::string_view name) {
  WY_TRY(auto statement, snapshot.prepare("SELECT value FROM counters WHERE name = ?"));
  WY_TRY(const bool found, statement.bind(1, name).step());
  if (!found) return Error{ErrorCode::corrupt, "the store has no counter " + std::string(name)};
  return statement.integer(0);
}

Result<std::int64_t> raise(Snapshot& snapshot, std::string_view name) {
  WY_TRY(auto statement, snapshot.prepare("UPDATE counters SET value = value + 1 WHERE name = ? "
                                          "RETURNING value"));
  WY_TRY(const bool found, statement.bind(1, name).step());
  if (!found) return Error{ErrorCode::corrupt, "the store has no counter " + std::string(name)};
  return statement.integer(0);
}

constexpr std::string_view kAccessIdHead = "bgl_";

// A permit made under break-glass names the access in place of a person, and is good while that is
// in force: whatever was asked before, its end counts here.
Status check_access(Snapshot& snapshot, const std::string& id) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT 1 FROM break_glass WHERE id = ? AND approved_at IS NOT NULL AND "
                          "ended_at IS NULL AND expires_at > ?"));
  WY_TRY(const bool found, statement.bind(1, id).bind(2, SystemClock().now()).step());
  if (found) return Done{};
  return Error{ErrorCode::conflict, "the permit has ended"};
}

}  // namespace

Result<Statement> Snapshot::prepare(std::string_view sql) { return connection_.prepare(sql); }
Status Snapshot::copy_to(const std::filesystem::path& file) { return connection_.copy_to(file); }
Result<Epoch> Snapshot::epoch() {
  if (const auto& seen = connection_.view_epoch()) return Epoch{*seen};
  return counter(*this, "epoch");
}
Result<CommitNumber> Snapshot::commit_number() { return counter(*this, "commit"); }

Status Snapshot::accept(const Permit& permit) {
  WY_TRY(const Epoch now, epoch());
  if (permit.epoch() < epoch_before_.value_or(now) || permit.epoch() > now) {
    return Error{ErrorCode::conflict, "the permit is stale"};
  }
  if (permit.principal_id().starts_with(kAccessIdHead)) {
    return check_access(*this, permit.principal_id());
  }
  return Done{};
}

Result<CommitNumber> Transaction::raise_commit() {
  if (raised_ != 0) return raised_;
  WY_TRY(const CommitNumber number, raise(*this, "commit"));
  WY_TRY(auto statement,
         prepare("INSERT INTO commits (number, time) VALUES "
                 "(?, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))"));
  WY_RETURN_IF_ERROR(statement.bind(1, number).run());
  raised_ = number;
  return number;
}

Status Transaction::destroy_secret(std::int64_t number) {
  WY_TRY(auto statement, prepare("INSERT OR IGNORE INTO secrets_to_destroy (number) VALUES (?)"));
  WY_RETURN_IF_ERROR(statement.bind(1, number).run());
  destroys_secrets_ = true;
  return Done{};
}

Status Transaction::raise_epoch() {
  WY_TRY(const Epoch raised, raise(*this, "epoch"));
  if (!epoch_before_) epoch_before_ = raised - 1;
  return Done{};
}

}  // namespace wenyuan::store
