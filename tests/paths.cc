#include "tests/paths.h"

namespace wenyuan {

std::filesystem::path project_dir() { return WY_PROJECT_DIR; }
std::filesystem::path test_data() { return project_dir() / "tests" / "data"; }
std::filesystem::path bin_dir() { return WY_BIN_DIR; }

}  // namespace wenyuan
