// Signs, at least every minute, how long the log is and what its root is, and sends that elsewhere.
//
// A log that is cut off at its end is whole by its own hashes; it does not reach its checkpoints.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "audit/checkpoint_note.h"
#include "audit/export_line.h"
#include "audit/sinks.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::audit {

constexpr UnixMillis kCheckpointInterval = 60'000;

// The file beside the database that gets every checkpoint.
std::filesystem::path checkpoint_file_in(const std::filesystem::path& directory);

struct StoredCheckpoint {
  Checkpoint checkpoint;
  std::string note;
};
// Newest first, those of a size below `below_size` (0: from the newest).
Result<std::vector<StoredCheckpoint>> stored_checkpoints(store::Snapshot& snapshot,
                                                         std::int64_t below_size, int limit);
// not_found when none is of this size.
Result<StoredCheckpoint> stored_checkpoint(store::Snapshot& snapshot, std::int64_t size);

// Thread-safe. Signs with audit.key (0600) and leaves audit.pub beside it for everybody who checks;
// both are made at the first start.
class Checkpointer {
 public:
  struct Sink {
    std::unique_ptr<CheckpointSink> sink;
    bool required = true;
  };
  struct Options {
    std::filesystem::path directory;
    std::vector<Sink> sinks;  // beyond the file in `directory`, which is required
  };
  // For the one process that writes the store. Takes over records of the first release, and puts
  // checkpoints back into a file that has lost them. The log need not be what was signed: then
  // health() says so.
  static Result<std::unique_ptr<Checkpointer>> open(store::Database& database, Options options);
  ~Checkpointer();

  // Signs the log as it is, unless that is signed already. corrupt when it does not contain what
  // was signed last: then nothing is signed, so that the evidence stays.
  Status write(UnixMillis now);
  // The same when there is something new and the last checkpoint is a minute old, or when the last
  // attempt failed.
  Status write_if_due(UnixMillis now);

  // Done while the log is what was signed and every required sink has the last checkpoint; else
  // unavailable, saying why. Fast.
  Status health() const;

  // The signed first line of an export.
  std::string export_head(const ExportHead& head) const;

  const std::string& origin() const;
  const VerifyingKey& key() const;
  // For other things that this store vouches for: they say in their first line what they are.
  const SigningKey& signing_key() const;

 private:
  struct Impl;
  explicit Checkpointer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace wenyuan::audit
