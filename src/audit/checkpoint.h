// Signed statements of how long the audit log was and how it ended, kept in a file of their own.
//
// A log that is cut off at its end is whole by its own hashes; it does not reach its checkpoints.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "audit/log.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::audit {

struct Checkpoint {
  std::int64_t record_count = 0;
  std::string head;  // hash of the last record, hex
  UnixMillis time = 0;
};

// Not thread-safe: one thread writes checkpoints, from snapshots each newer than the one before.
// Writes audit-checkpoints.txt with the key audit.key (0600), and audit.pub beside it
// for everybody who checks; both are made at the first start.
class Checkpointer {
 public:
  // For the one process that writes the store.
  static Result<std::unique_ptr<Checkpointer>> open(const std::filesystem::path& directory);
  ~Checkpointer();

  // Signs the log as this snapshot has it, durably; nothing when that is signed already. Call at
  // shutdown, and write_if_due() all the time. corrupt when the log does not contain what was
  // signed last: then nothing is signed, so that the evidence stays.
  Status write(store::Snapshot& snapshot, UnixMillis now);
  // The same, when there is something new and the last checkpoint is 60 s old.
  Status write_if_due(store::Snapshot& snapshot, UnixMillis now);

 private:
  struct Impl;
  explicit Checkpointer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct CheckpointVerification {
  std::int64_t checkpoint_count = 0;
  Checkpoint last;  // record_count is 0 when there is none
};
// Verifies every checkpoint in `directory` with `public_key` (a PEM file; empty: audit.pub in the
// directory) and finds each in the log. corrupt says which signature does not fit, or that the log
// is shorter than a checkpoint, or ends differently there. Use together with verify().
Result<CheckpointVerification> verify_checkpoints(store::Snapshot& snapshot,
                                                  const std::filesystem::path& directory,
                                                  const std::filesystem::path& public_key = {});

}  // namespace wenyuan::audit
