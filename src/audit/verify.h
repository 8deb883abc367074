// Checks a log against its own hashes, its checkpoints, and checkpoints kept elsewhere.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "audit/checkpoint_note.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::audit {

struct Verification {
  std::int64_t record_count = 0;   // leaves of the tree
  std::int64_t retired_count = 0;  // of them, records that are gone because their time was over
  std::string root;                // base64
  std::int64_t checkpoint_count = 0;
  Checkpoint last;  // size 0 when there is none
};

// Recomputes every hash. `checkpoints` rise in size. corrupt names the first record that was
// changed, is missing or was put in, or the checkpoint that the log does not fit. Without
// checkpoints a log that was cut off at its end looks whole.
Result<Verification> verify(store::Snapshot& snapshot,
                            const std::vector<Checkpoint>& checkpoints = {});

struct VerifyOptions {
  std::filesystem::path directory{};
  std::filesystem::path public_key{};  // empty: audit.pub in the directory
  std::filesystem::path kept_notes{};  // a copy of checkpoints from another place; may be empty
};
// The same with the signatures of all checkpoints: in the directory's file, in the store, in
// `kept_notes`, and those of the first release.
Result<Verification> verify_directory(store::Database& database, const VerifyOptions& options);

}  // namespace wenyuan::audit
