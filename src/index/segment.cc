#include "index/segment.h"

#include <system_error>

#include "base/log.h"

namespace wenyuan::index {

SegmentDirectory::~SegmentDirectory() {
  if (!obsolete_) return;
  std::error_code error;
  // Again when somebody else has just removed a file in it: drop() breaks seals.
  for (int attempt = 0; attempt < 3; ++attempt) {
    std::filesystem::remove_all(path_, error);
    if (!error) return;
  }
  // The next start removes it too.
  log::warn("index_directory_not_removed",
            {{"directory", path_.string()}, {"reason", error.message()}});
}

}  // namespace wenyuan::index
