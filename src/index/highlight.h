// Where the words of a query stand in a text.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace wenyuan::index {

// Half-open ranges of code points, in order, not overlapping; words match by their stem as the
// keyword search matches them, Chinese by runs of at least two characters (one when the query has
// no longer run).
std::vector<std::pair<std::int64_t, std::int64_t>> highlights(std::string_view query,
                                                              std::string_view text);

}  // namespace wenyuan::index
