// What the backups of a node would give back.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "tests/crash/facts.h"

namespace wenyuan::crash {

// Beside the data.
std::filesystem::path backup_folder(const std::filesystem::path& data);

// Follows the backup of `data`, or begins to: what is there goes on where it was broken off.
Status follow(const std::filesystem::path& data, const std::filesystem::path& standby);
// The same to the end: a whole store, checked, with the keys of `data`.
Status restore(const std::filesystem::path& data, const std::filesystem::path& to);
// What a store says that was restored elsewhere.
Result<Facts> restored_facts(const std::filesystem::path& data);

}  // namespace wenyuan::crash
