// Which models of the models directory the server uses.
#pragma once

#include <string>

#include "app/config.h"
#include "app/parts.h"
#include "base/result.h"

namespace wenyuan::app {

struct ChosenModels {
  index::VectorModel embedding;  // without a name: keyword search only
  std::string chat;              // empty: quotes instead of generated answers
  std::string reranker;          // only when one is configured
};

// The configured ones, else the first embedder and generator by name; but the embedding model
// `indexed` stays in use as long as it is there, because with another one every document is
// embedded anew. A configured model that is not there is an error; none at all is not.
Result<ChosenModels> choose_models(const Config& config, const std::string& indexed);

}  // namespace wenyuan::app
