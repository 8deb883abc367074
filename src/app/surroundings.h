// What a server asks of the machine before it begins.
#pragma once

#include <filesystem>
#include <string>

namespace wenyuan::app {

// The programs of one installation lie side by side.
std::filesystem::path beside_this_program(const std::string& name);

// As high as it may be: every open index and connection is a file.
void raise_file_limit();

}  // namespace wenyuan::app
