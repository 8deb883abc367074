// What the server opens its store with, and what it tells its owner when it starts.
#pragma once

#include <filesystem>
#include <string>

#include "app/config.h"
#include "app/models.h"

namespace wenyuan::app {

store::Database::Options store_options(const Config& config);

// `key`: the administrator's, when it was just made.
void print_start(const Config& config, int port, const ChosenModels& models, const std::string& key,
                 const store::Database& database);

}  // namespace wenyuan::app
