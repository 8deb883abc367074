// wenyuan ingest: files and folders into a collection of a running server.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

#include "app/remote.h"

namespace wenyuan::app {

void add_ingest_command(CLI::App& app, int& exit_code);

// The id of the collection with this name or id; empty when there is none to be seen.
Result<std::string> find_collection(const Remote& remote, const std::string& name);

}  // namespace wenyuan::app
