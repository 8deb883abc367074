// Asks an engine whether it still answers.
#pragma once

#include <chrono>
#include <filesystem>

#include "base/result.h"

namespace wenyuan::llm {

// Done when the engine at this socket says how it is; that it is busy is an answer too. The engine
// answers from a thread that does not wait for models, so what it is working on does not matter.
// Each of the two answers may take `time`.
Status ping(const std::filesystem::path& socket, std::chrono::milliseconds time);

}  // namespace wenyuan::llm
