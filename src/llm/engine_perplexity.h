// How well a decoder predicts a text: for comparing the quality of formats and engines.
#pragma once

#include <cstddef>
#include <filesystem>

#include "base/result.h"

namespace wenyuan::llm {

struct PerplexityOptions {
  std::filesystem::path model;
  std::filesystem::path text;
  std::size_t threads = 1;
  std::size_t window = 512;  // tokens; those of its second half are predicted
};

// Prints e to the mean negative logarithm of the probability of the predicted tokens. Windows lie
// one behind the other; each begins with the token for the beginning of a text, if the model has
// one.
Status run_perplexity(const PerplexityOptions& options);

}  // namespace wenyuan::llm
