// The text file of checkpoints: one signed line each.
#pragma once

#include <filesystem>
#include <vector>

#include "audit/checkpoint.h"
#include "audit/checkpoint_key.h"

namespace wenyuan::audit {

// All complete lines; corrupt names the first that is not one of ours or not signed by this key. A
// last line without its end is what a power cut leaves of an append, and is not counted. No file:
// none.
Result<std::vector<Checkpoint>> read_checkpoints(const std::filesystem::path& file,
                                                 const VerifyingKey& key);

// Appends durably; first takes away a line that was begun and not ended.
Status append_checkpoint(const std::filesystem::path& file, const SigningKey& key,
                         const Checkpoint& checkpoint);

}  // namespace wenyuan::audit
