// Text as the index compares it, with the way back to where each character stood.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace wenyuan::index {

// One code point of the normalised text; `start` and `end` are code points of the original.
struct NormalizedCharacter {
  char32_t code_point = 0;
  std::uint32_t start = 0;
  std::uint32_t end = 0;
};

// NFKC with case folding (so full and half width, ligatures and capitals do not matter), then
// traditional Han characters become simplified ones. Ill-formed bytes become U+FFFD.
std::vector<NormalizedCharacter> normalize(std::string_view text);

}  // namespace wenyuan::index
