// A file of checkpoints: notes, each followed by an empty line.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/checkpoint_key.h"
#include "audit/checkpoint_note.h"
#include "base/result.h"

namespace wenyuan::audit {

// The notes of a text; the empty line behind the last may be missing. A last note that is not whole
// is what a power cut left of an append, and is not counted.
std::vector<std::string> split_notes(std::string_view text);

// Signed by this key, and each larger than the one before; corrupt otherwise. No file: none.
Result<std::vector<Checkpoint>> read_checkpoints(const std::filesystem::path& file,
                                                 const VerifyingKey& key);
// The last whole note alone, however long the file is.
Result<std::optional<Checkpoint>> read_newest_checkpoint(const std::filesystem::path& file,
                                                         const VerifyingKey& key);
Result<std::vector<Checkpoint>> open_checkpoints(const std::vector<std::string>& notes,
                                                 const VerifyingKey& key);

// Appends durably; first takes away a note that was begun and not ended.
Status append_note(const std::filesystem::path& file, std::string_view note);

}  // namespace wenyuan::audit
