// The one order of hits, so that every part of the folder cuts lists alike.
#pragma once

#include <algorithm>
#include <vector>

#include "index/compartments.h"

namespace wenyuan::index {

inline bool better(const Hit& a, const Hit& b) {
  return a.score != b.score ? a.score > b.score : a.chunk < b.chunk;
}

inline void keep_best(std::vector<Hit>& hits, std::size_t count_max) {
  const auto cut = hits.begin() + static_cast<std::ptrdiff_t>(std::min(count_max, hits.size()));
  std::partial_sort(hits.begin(), cut, hits.end(), better);
  hits.erase(cut, hits.end());
}

}  // namespace wenyuan::index
