// Runs another program and waits for it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace wenyuan::llm {

// No shell: the words are handed over as they are; the first is looked up in PATH. What it prints
// goes into `log`. unavailable when it cannot be started or does not end with 0, with the last line
// that it printed.
Status run_program(const std::vector<std::string>& words, const std::filesystem::path& log);

}  // namespace wenyuan::llm
