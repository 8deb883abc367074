// The names of models that are split over several files: "name-00001-of-00003.gguf".
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wenyuan::llm {

struct SplitName {
  std::string base;         // "name"
  std::int64_t number = 0;  // from 1
  std::int64_t count = 0;
};

// Of a file's name; nothing when it does not look like this.
std::optional<SplitName> parse_split_name(std::string_view file_name);

// 1 <= number <= count <= 99999.
std::string split_file_name(std::string_view base, std::int64_t number, std::int64_t count);

// A model directory has the model NAME in NAME.gguf or in NAME-00001-of-…gguf and the rest.
// The name, of any of these; nothing for another file.
std::optional<std::string> model_name_of(const std::filesystem::path& file);
// All files of a model, the first first; NAME.gguf when there is none.
std::vector<std::filesystem::path> model_files(const std::filesystem::path& folder,
                                               const std::string& name);

}  // namespace wenyuan::llm
