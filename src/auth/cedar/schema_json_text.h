// Reads a JSON text strictly: no name twice in an object, no depth without limit.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace wenyuan::auth::cedar {

struct JsonLimits {
  std::size_t bytes_max = 0;
  std::size_t depth_max = 0;
};

// invalid_argument with line and column for what is not JSON; too_large for what is over a limit.
Result<nlohmann::json> parse_strict_json(std::string_view text, const JsonLimits& limits);

}  // namespace wenyuan::auth::cedar
