// Says what is in a model file, and what stands against running it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "llm/gguf.h"

namespace wenyuan::llm {

struct FormatShare {
  std::size_t tensors = 0;
  std::uint64_t elements = 0;
  std::uint64_t bytes = 0;
};

struct ModelReport {
  std::string architecture;
  std::string name;  // general.name
  std::uint64_t parameters = 0;
  std::uint64_t tensor_bytes = 0;
  std::uint64_t file_bytes = 0;
  std::map<std::string, FormatShare> formats;                 // by name: "Q4_K"
  std::vector<std::pair<std::string, std::string>> metadata;  // lists are shortened
  std::vector<std::string> problems;                          // empty: it can be run

  double bits_per_parameter() const;
};

// Looks at everything but the weights.
ModelReport inspect_model(const Gguf& file);

// A value as a person reads it: lists by their beginning and their length.
std::string to_text(const MetaValue& value);

}  // namespace wenyuan::llm
