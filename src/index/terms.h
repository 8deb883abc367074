// The terms of a text as the keyword search sees them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wenyuan::index {

// Normalised and stemmed, in text order, without English stop words; CJK as pairs of neighbouring
// characters (a lone character as itself).
std::vector<std::string> terms(std::string_view text);

}  // namespace wenyuan::index
