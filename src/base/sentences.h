// Where sentences begin and end, in English and Chinese.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace wenyuan {

// Byte ranges in order, without gaps: together they are the text. White space belongs to the
// sentence before it. A blank line ends a sentence; a single line break does not.
// `text` must be valid UTF-8.
std::vector<std::pair<std::size_t, std::size_t>> sentences(std::string_view text);

}  // namespace wenyuan
