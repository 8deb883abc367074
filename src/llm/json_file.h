// Reads JSON out of files that nobody vouches for.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace wenyuan::llm {

// unsupported_media when it is no JSON object, when a key occurs twice in one object, or when it is
// nested deeper than 64; `what` begins the message.
Result<nlohmann::json> parse_json_object(std::string_view text, std::string_view what);

// too_large above `size_max` bytes; not_found when there is no such file.
Result<nlohmann::json> read_json_file(const std::filesystem::path& path, std::size_t size_max);

}  // namespace wenyuan::llm
