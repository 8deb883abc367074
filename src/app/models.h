// Which models of the models directory the server uses.
#pragma once

#include <string>

#include "app/config.h"
#include "app/parts.h"
#include "base/result.h"

namespace wenyuan::app {

struct ChosenModels {
  IndexedModel embedding;  // without a name: keyword search only
  std::string chat;        // empty: quotes instead of generated answers
};

// The configured ones, else the first of each kind by name. A configured model that is not there is
// an error; none at all is not.
Result<ChosenModels> choose_models(const Config& config);

}  // namespace wenyuan::app
