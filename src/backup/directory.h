// Backups in a directory.
#pragma once

#include <filesystem>
#include <memory>

#include "backup/place.h"

namespace wenyuan::backup {

// It need not be there: the first write makes it.
std::unique_ptr<Place> open_directory(const std::filesystem::path& root);

}  // namespace wenyuan::backup
