#include "audit/checkpoint.h"

#include <atomic>
#include <mutex>
#include <optional>

#include "audit/checkpoint_file.h"
#include "audit/checkpoint_key.h"
#include "audit/log.h"
#include "audit/tree.h"
#include "base/log.h"
#include "base/text.h"

namespace wenyuan::audit {
namespace fs = std::filesystem;
namespace {

constexpr int kListedMax = 1000;

Result<StoredCheckpoint> read_row(const store::Statement& statement) {
  StoredCheckpoint stored;
  stored.note = statement.text(0);
  auto parsed = parse_note(stored.note);
  if (!parsed) return Error{ErrorCode::corrupt, "a checkpoint in the store is broken"};
  stored.checkpoint = parsed->checkpoint;
  return stored;
}

Status store_note(store::Database& database, const Checkpoint& checkpoint,
                  const std::string& note) {
  return database.write([&](store::Transaction& tx) -> Status {
    WY_TRY(auto statement, tx.prepare("INSERT OR REPLACE INTO audit_checkpoints (size, time, note) "
                                      "VALUES (?, ?, ?)"));
    return statement.bind(1, checkpoint.size).bind(2, checkpoint.time).bind(3, note).run();
  });
}

// corrupt unless the log still has what was signed.
Status find_in_log(store::Snapshot& snapshot, const Checkpoint& signed_last) {
  if (signed_last.size == 0) return Done{};
  const std::string when = "the checkpoint of " + rfc3339(signed_last.time);
  WY_TRY(const std::int64_t size, tree_size(snapshot));
  if (size < signed_last.size) {
    return Error{ErrorCode::corrupt, "the audit log is cut off: " + when + " saw " +
                                         std::to_string(signed_last.size) + " records"};
  }
  WY_TRY(const Hash root, root_at(snapshot, signed_last.size));
  if (root == signed_last.root) return Done{};
  return Error{ErrorCode::corrupt, "the first " + std::to_string(signed_last.size) +
                                       " audit records are not those that " + when + " signed"};
}

}  // namespace

fs::path checkpoint_file_in(const fs::path& directory) { return directory / "audit-checkpoints"; }

Result<std::vector<StoredCheckpoint>> stored_checkpoints(store::Snapshot& snapshot,
                                                         std::int64_t below_size, int limit) {
  if (limit < 1 || limit > kListedMax) {
    return Error{ErrorCode::invalid_argument, "limit is from 1 to 1000"};
  }
  WY_TRY(auto statement, snapshot.prepare("SELECT note FROM audit_checkpoints WHERE size < ? "
                                          "ORDER BY size DESC LIMIT ?"));
  statement.bind(1, below_size > 0 ? below_size : INT64_MAX).bind(2, limit);
  std::vector<StoredCheckpoint> found;
  for (;;) {
    WY_TRY(const bool row, statement.step());
    if (!row) return found;
    WY_TRY(StoredCheckpoint each, read_row(statement));
    found.push_back(std::move(each));
  }
}

Result<StoredCheckpoint> stored_checkpoint(store::Snapshot& snapshot, std::int64_t size) {
  WY_TRY(auto statement, snapshot.prepare("SELECT note FROM audit_checkpoints WHERE size = ?"));
  WY_TRY(const bool found, statement.bind(1, size).step());
  if (!found) return Error{ErrorCode::not_found, "there is no checkpoint of this size"};
  return read_row(statement);
}

struct Checkpointer::Impl {
  Impl(store::Database& the_database, SigningKey signing_key)
      : database(the_database), key(std::move(signing_key)) {}

  store::Database& database;
  const SigningKey key;
  std::string origin;
  std::optional<Error> evidence;  // what was found wrong at the start: nothing is signed any more
  std::mutex writing;
  std::vector<Sink> sinks;         // guarded by writing
  std::vector<std::int64_t> sent;  // guarded by writing; the size that each sink has taken
  Checkpoint last;                 // guarded by writing; size 0 when there is none
  mutable std::mutex mutex;
  std::string trouble;               // guarded by mutex
  std::atomic<bool> healthy = true;  // changes with trouble

  Status sign(UnixMillis now);
  Status send(const Checkpoint& next, const std::string& note);
  Status take_up(const fs::path& file);
  void set_health(const Status& status);
};

Checkpointer::Checkpointer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Checkpointer::~Checkpointer() = default;

std::string Checkpointer::export_head(const ExportHead& head) const {
  return audit::export_head(head, impl_->key);
}
const std::string& Checkpointer::origin() const { return impl_->origin; }
const SigningKey& Checkpointer::signing_key() const { return impl_->key; }
const VerifyingKey& Checkpointer::key() const { return impl_->key.verifying_key(); }

void Checkpointer::Impl::set_health(const Status& status) {
  const std::lock_guard lock(mutex);
  trouble = status ? "" : status.error().message;
  healthy = status.has_value();
}

// Brings file and store to the same checkpoints: each may have lost the newest of them.
Status Checkpointer::Impl::take_up(const fs::path& file) {
  WY_TRY(const auto written, read_newest_checkpoint(file, key.verifying_key()));
  if (written) last = *written;
  const std::int64_t in_file = last.size;
  std::vector<StoredCheckpoint> missing;
  const Status read = database.read([&](store::Snapshot& snapshot) -> Status {
    WY_TRY(auto statement,
           snapshot.prepare("SELECT note FROM audit_checkpoints WHERE size > ? ORDER BY size"));
    statement.bind(1, in_file);
    for (;;) {
      WY_TRY(const bool row, statement.step());
      if (!row) return Done{};
      WY_TRY(StoredCheckpoint each, read_row(statement));
      WY_TRY(each.checkpoint, open_checkpoint(each.note, key.verifying_key()));
      missing.push_back(std::move(each));
    }
  });
  if (!read || missing.empty()) return read;
  log::warn("audit.checkpoints_put_back", {{"count", missing.size()}});
  for (const StoredCheckpoint& each : missing) WY_RETURN_IF_ERROR(append_note(file, each.note));
  last = missing.back().checkpoint;
  return Done{};
}

Result<std::unique_ptr<Checkpointer>> Checkpointer::open(store::Database& database,
                                                         Options options) {
  const fs::path& directory = options.directory;
  WY_TRY(SigningKey key, SigningKey::open(directory / "audit.key", directory / "audit.pub"));
  auto impl = std::make_unique<Impl>(database, std::move(key));
  impl->origin = origin_of(database.store_id());
  const fs::path file = checkpoint_file_in(directory);
  impl->sinks.push_back({file_sink(file), true});
  for (Sink& each : options.sinks) impl->sinks.push_back(std::move(each));
  impl->sent.assign(impl->sinks.size(), 0);
  Status checked = impl->take_up(file);
  if (checked) {
    checked = database.write([](store::Transaction& tx) { return adopt_chain(tx); });
  }
  if (checked) {
    checked =
        database.read([&](store::Snapshot& snapshot) { return find_in_log(snapshot, impl->last); });
  }
  if (!checked && checked.error().code != ErrorCode::corrupt) return checked.error();
  if (!checked) impl->evidence = checked.error();
  impl->set_health(checked);
  return std::unique_ptr<Checkpointer>(new Checkpointer(std::move(impl)));  // NOLINT: private
}

// Every sink gets it, whatever happens to another; the first error of a required one counts.
Status Checkpointer::Impl::send(const Checkpoint& next, const std::string& note) {
  Status outcome = Done{};
  for (std::size_t at = 0; at < sinks.size(); ++at) {
    const Sink& each = sinks[at];
    if (sent[at] == next.size) continue;  // it was another sink that failed the last time
    const Status taken = each.sink->take(next, note);
    if (taken) sent[at] = next.size;
    if (taken) continue;
    log::error("audit.sink_failed", {{"sink", each.sink->name()}, {"why", taken.error().message}});
    if (!each.required || !outcome) continue;
    outcome = Error{ErrorCode::unavailable,
                    "checkpoints of the audit log cannot be written to " + each.sink->name()};
  }
  return outcome;
}

Status Checkpointer::Impl::sign(UnixMillis now) {
  if (evidence) return *evidence;
  Checkpoint next;
  next.origin = origin;
  next.time = now;
  const Status read = database.read([&](store::Snapshot& snapshot) -> Status {
    WY_RETURN_IF_ERROR(find_in_log(snapshot, last));
    WY_TRY(next.size, tree_size(snapshot));
    WY_TRY(next.root, root_at(snapshot, next.size));
    return Done{};
  });
  if (!read) return read;
  if (next.size <= last.size) return Done{};
  const std::string note = sign_checkpoint(next, key);
  WY_RETURN_IF_ERROR(send(next, note));
  WY_RETURN_IF_ERROR(store_note(database, next, note));
  last = next;
  return Done{};
}

Status Checkpointer::write(UnixMillis now) {
  const std::lock_guard lock(impl_->writing);
  Status done = impl_->sign(now);
  impl_->set_health(done);
  return done;
}

Status Checkpointer::write_if_due(UnixMillis now) {
  {
    const std::lock_guard lock(impl_->writing);
    // A clock that was set back must not stop checkpoints for as long.
    const UnixMillis age = now - impl_->last.time;
    if (impl_->healthy && age >= 0 && age < kCheckpointInterval) return Done{};
  }
  return write(now);
}

Status Checkpointer::health() const {
  if (impl_->healthy) return Done{};
  const std::lock_guard lock(impl_->mutex);
  return Error{ErrorCode::unavailable, impl_->trouble};
}

}  // namespace wenyuan::audit
