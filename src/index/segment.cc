#include "index/segment.h"

#include <system_error>

#include "base/log.h"

namespace wenyuan::index {

SegmentDirectory::~SegmentDirectory() {
  if (!obsolete_) return;
  std::error_code error;
  std::filesystem::remove_all(path_, error);
  // The next start removes it too.
  if (error) {
    log::warn("index_directory_not_removed",
              {{"directory", path_.string()}, {"reason", error.message()}});
  }
}

}  // namespace wenyuan::index
