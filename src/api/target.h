// The target of a request line, taken apart strictly: path segments and query values.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace wenyuan::http {

struct Target {
  std::string path;                   // as sent
  std::vector<std::string> segments;  // decoded; "/a//b" has an empty one
  std::vector<std::pair<std::string, std::string>> query;
};

// invalid_argument for a bad percent escape, text that is not UTF-8, or a control character.
Result<Target> parse_target(std::string_view text);

}  // namespace wenyuan::http
