#include "index/segment.h"

#include <system_error>

#include "base/log.h"

namespace wenyuan::index {

SegmentDirectory::~SegmentDirectory() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
  if (!error) return;
  // The next start removes it too.
  log::warn("index_directory_not_removed",
            {{"directory", path_.string()}, {"reason", error.message()}});
}

}  // namespace wenyuan::index
