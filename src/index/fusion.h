// Merges a keyword ranking and a semantic ranking into one.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "index/compartments.h"

namespace wenyuan::index {

struct FusedHit {
  ChunkId chunk = 0;
  double score = 0;
  std::optional<double> keyword;  // the score it had there
  std::optional<double> semantic;
};

struct FusionOptions {
  // Weight of the semantic ranking, 0 to 1; calibrated per embedding model.
  double semantic_weight = 0.5;
  std::size_t count_max = 50;
};

// Convex combination of BM25 divided by its maximum and of the min-max normalised cosine (Bruch et
// al., arXiv 2210.11934); a ranking alone, the other being empty, counts fully. Best first; equal
// scores by the lower chunk id.
std::vector<FusedHit> fuse(std::span<const Hit> keyword, std::span<const Hit> semantic,
                           const FusionOptions& options);

}  // namespace wenyuan::index
