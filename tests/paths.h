// Where the project, its tests' data and its built programs lie.
//
// Functions, so that only one object knows this checkout's path and the others can be shared
// between checkouts.
#pragma once

#include <filesystem>

namespace wenyuan {

std::filesystem::path project_dir();
std::filesystem::path test_data();
// The folder of the programs just built.
std::filesystem::path bin_dir();

}  // namespace wenyuan
