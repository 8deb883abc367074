// wenyuan model convert, quantize, imatrix, inspect, estimate: what is done with model files.
#pragma once

#include <CLI/CLI.hpp>

namespace wenyuan::app {

// Adds them below `model`; the callbacks set `exit_code`.
void add_model_files_commands(CLI::App& model, int& exit_code);

}  // namespace wenyuan::app
