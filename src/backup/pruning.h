// Removes generations that nobody need go back to any more, and the originals that only they had.
#pragma once

#include <string>

#include "backup/folder.h"
#include "base/clock.h"
#include "base/result.h"

namespace wenyuan::backup {

// Every generation stays whose successor began after `horizon`: it is what a restore to a moment
// since then begins with. `newest` stays anyway. Unfinished ones older than it go.
Status prune(const Folder& folder, const std::string& newest, UnixMillis horizon);

}  // namespace wenyuan::backup
