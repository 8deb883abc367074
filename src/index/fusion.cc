#include "index/fusion.h"

#include <algorithm>
#include <map>

namespace wenyuan::index {
namespace {

// 1 for the best. BM25 has a meaningful zero, so only its maximum is needed.
double share_of_maximum(double score, double maximum) { return maximum > 0 ? score / maximum : 0; }

double place_in_range(double score, double minimum, double maximum) {
  return maximum > minimum ? (score - minimum) / (maximum - minimum) : 1;
}

}  // namespace

std::vector<FusedHit> fuse(std::span<const Hit> keyword, std::span<const Hit> semantic,
                           const FusionOptions& options) {
  double weight = std::clamp(options.semantic_weight, 0.0, 1.0);
  if (keyword.empty()) weight = 1;
  if (semantic.empty()) weight = 0;
  const auto by_score = [](const Hit& a, const Hit& b) { return a.score < b.score; };
  std::map<ChunkId, FusedHit> fused;
  if (!keyword.empty()) {
    const double maximum = std::max_element(keyword.begin(), keyword.end(), by_score)->score;
    for (const Hit& hit : keyword) {
      FusedHit& out = fused[hit.chunk];
      if (out.keyword) continue;
      out.keyword = hit.score;
      out.score += (1 - weight) * share_of_maximum(hit.score, maximum);
    }
  }
  if (!semantic.empty()) {
    const auto [lowest, highest] = std::minmax_element(semantic.begin(), semantic.end(), by_score);
    for (const Hit& hit : semantic) {
      FusedHit& out = fused[hit.chunk];
      if (out.semantic) continue;
      out.semantic = hit.score;
      out.score += weight * place_in_range(hit.score, lowest->score, highest->score);
    }
  }
  std::vector<FusedHit> hits;
  hits.reserve(fused.size());
  for (auto& [chunk, hit] : fused) {
    hit.chunk = chunk;
    hits.push_back(hit);
  }
  std::stable_sort(hits.begin(), hits.end(),
                   [](const FusedHit& a, const FusedHit& b) { return a.score > b.score; });
  if (hits.size() > options.count_max) hits.resize(options.count_max);
  return hits;
}

}  // namespace wenyuan::index
