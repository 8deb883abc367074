#include "audit/checkpoint.h"

#include "audit/checkpoint_file.h"
#include "audit/checkpoint_key.h"
#include "audit/record_row.h"
#include "base/text.h"

namespace wenyuan::audit {
namespace fs = std::filesystem;
namespace {

constexpr UnixMillis kInterval = 60'000;

fs::path file_in(const fs::path& directory) { return directory / "audit-checkpoints.txt"; }

// corrupt unless the log still has what the checkpoint says.
Status find_in_log(store::Snapshot& snapshot, const Checkpoint& checkpoint) {
  const std::string count = std::to_string(checkpoint.record_count);
  const std::string when = "the checkpoint of " + rfc3339(checkpoint.time);
  WY_TRY(auto statement, snapshot.prepare("SELECT hash FROM audit_records WHERE number = ?"));
  WY_TRY(const bool found, statement.bind(1, checkpoint.record_count).step());
  if (!found) {
    return Error{ErrorCode::corrupt,
                 "the audit log is cut off: " + when + " saw " + count + " records"};
  }
  if (to_hex(statement.blob(0)) != checkpoint.head) {
    return Error{ErrorCode::corrupt, "audit record " + count + " is not the one that " + when +
                                         " saw: records were replaced"};
  }
  return Done{};
}

}  // namespace

struct Checkpointer::Impl {
  Impl(fs::path path, SigningKey signing_key)
      : file(std::move(path)), key(std::move(signing_key)) {}

  const fs::path file;
  const SigningKey key;
  Checkpoint last;  // record_count is 0 when there is none
};

Checkpointer::Checkpointer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Checkpointer::~Checkpointer() = default;

Result<std::unique_ptr<Checkpointer>> Checkpointer::open(const fs::path& directory) {
  WY_TRY(SigningKey key, SigningKey::open(directory / "audit.key", directory / "audit.pub"));
  WY_TRY(const VerifyingKey known, VerifyingKey::open(directory / "audit.pub"));
  if (!known.verifies("audit", key.sign("audit"))) {
    return Error{ErrorCode::corrupt, "audit.key and audit.pub do not belong together"};
  }
  auto impl = std::make_unique<Impl>(file_in(directory), std::move(key));
  WY_TRY(const auto written, read_checkpoints(impl->file, known));
  if (!written.empty()) impl->last = written.back();
  return std::unique_ptr<Checkpointer>(new Checkpointer(std::move(impl)));  // NOLINT: private
}

Status Checkpointer::write(store::Snapshot& snapshot, UnixMillis now) {
  if (impl_->last.record_count > 0) WY_RETURN_IF_ERROR(find_in_log(snapshot, impl_->last));
  WY_TRY(const Head newest, head(snapshot));
  if (newest.number <= impl_->last.record_count) return Done{};
  const Checkpoint next{.record_count = newest.number, .head = to_hex(newest.hash), .time = now};
  WY_RETURN_IF_ERROR(append_checkpoint(impl_->file, impl_->key, next));
  impl_->last = next;
  return Done{};
}

Status Checkpointer::write_if_due(store::Snapshot& snapshot, UnixMillis now) {
  // A clock that was set back must not stop checkpoints for as long.
  const UnixMillis age = now - impl_->last.time;
  if (age >= 0 && age < kInterval) return Done{};
  return write(snapshot, now);
}

Result<CheckpointVerification> verify_checkpoints(store::Snapshot& snapshot,
                                                  const fs::path& directory,
                                                  const fs::path& public_key) {
  WY_TRY(const VerifyingKey key,
         VerifyingKey::open(public_key.empty() ? directory / "audit.pub" : public_key));
  WY_TRY(const auto all, read_checkpoints(file_in(directory), key));
  CheckpointVerification verification;
  for (const Checkpoint& each : all) {
    WY_RETURN_IF_ERROR(find_in_log(snapshot, each));
    ++verification.checkpoint_count;
    verification.last = each;
  }
  return verification;
}

}  // namespace wenyuan::audit
