#include "ingest/extract/pdf_columns.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"

namespace wenyuan::ingest {
namespace {

constexpr std::size_t kBinCount = 400;  // across the page
constexpr int kDepthMax = 4;            // columns inside of columns
constexpr std::size_t kColumnLineCountMin = 3;
constexpr std::size_t kColumnLineWeightMin = 15;  // of a line of running text; CJK counts double
constexpr double kSegmentGapMax = 1.0;            // between two words, in font sizes
constexpr double kCrossingShareMax = 0.6;

std::size_t weight(std::string_view text) {
  std::size_t result = 0;
  for (std::size_t at = 0; at < text.size();) result += is_cjk(next_code_point(text, at)) ? 2 : 1;
  return result;
}

bool follows(const PdfSegment& segment, const PdfWord& word) {
  const double overlap = std::min(segment.y1, word.y1) - std::max(segment.y0, word.y0);
  const double height = std::min(segment.y1 - segment.y0, word.y1 - word.y0);
  const double gap = word.x0 - segment.words.back().x1;
  const double size = std::max(segment.size, word.size);
  return overlap > height / 2 && gap > -size / 2 && gap < size * kSegmentGapMax;
}

struct Gutter {
  double x = 0;
  std::size_t crossing = 0;
  bool found = false;
};

// The place that the fewest lines cross, with lines on both sides of it.
Gutter find_gutter(const PdfRegion& region, double page_width) {
  std::array<std::size_t, kBinCount> crossing{};
  const auto bin = [&](double x) {
    const double at = std::clamp(x / page_width, 0.0, 1.0) * (kBinCount - 1);
    return static_cast<std::size_t>(at);
  };
  double left = page_width;
  double right = 0;
  double size = 0;
  for (const PdfSegment& segment : region) {
    for (std::size_t at = bin(segment.x0); at <= bin(segment.x1); ++at) ++crossing[at];
    left = std::min(left, segment.x0);
    right = std::max(right, segment.x1);
    size += segment.size / static_cast<double>(region.size());
  }
  const std::size_t first = bin(left + (right - left) * 0.15);
  const std::size_t last = bin(right - (right - left) * 0.15);
  const auto width_min =
      static_cast<std::size_t>(std::max(1.0, size * 0.6 / page_width * kBinCount));
  Gutter best;
  std::size_t best_width = 0;
  for (std::size_t at = first; at <= last;) {
    std::size_t end = at;
    while (end <= last && crossing[end] == crossing[at]) ++end;
    const std::size_t width = end - at;
    const bool better = !best.found || crossing[at] < best.crossing ||
                        (crossing[at] == best.crossing && width > best_width);
    if (width >= width_min && better) {
      best.x = (static_cast<double>(at + end) / 2) / (kBinCount - 1) * page_width;
      best.crossing = crossing[at];
      best.found = true;
      best_width = width;
    }
    at = end;
  }
  return best;
}

// Running text has long lines; the cells of a table do not.
bool is_running_text(const PdfRegion& region) {
  if (region.size() < kColumnLineCountMin) return false;
  std::vector<std::size_t> weights;
  for (const PdfSegment& segment : region) weights.push_back(segment.char_count);
  const auto middle = weights.begin() + static_cast<std::ptrdiff_t>(weights.size() / 2);
  std::nth_element(weights.begin(), middle, weights.end());
  return *middle >= kColumnLineWeightMin;
}

void append(PdfRegion& to, PdfRegion& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  from.clear();
}

class Divider {
 public:
  explicit Divider(double page_width) : page_width_(page_width) {}

  void divide(PdfRegion region, int depth) {
    const Gutter gutter = region.size() >= 2 * kColumnLineCountMin && depth < kDepthMax
                              ? find_gutter(region, page_width_)
                              : Gutter();
    const double share = static_cast<double>(gutter.crossing) / static_cast<double>(region.size());
    if (!gutter.found || share > kCrossingShareMax) {
      emit(region);
      return;
    }
    PdfRegion across;
    PdfRegion sides[2];
    const auto close_band = [&] {
      if (is_running_text(sides[0]) && is_running_text(sides[1])) {
        emit(across);
        divide(std::move(sides[0]), depth + 1);
        divide(std::move(sides[1]), depth + 1);
        sides[0] = PdfRegion();
        sides[1] = PdfRegion();
      } else {
        append(across, sides[0]);
        append(across, sides[1]);
      }
    };
    for (PdfSegment& segment : region) {
      if (segment.x0 < gutter.x && segment.x1 > gutter.x) {
        close_band();
        across.push_back(std::move(segment));
      } else {
        sides[segment.x0 >= gutter.x ? 1 : 0].push_back(std::move(segment));
      }
    }
    close_band();
    emit(across);
  }

  std::vector<PdfRegion> take() { return std::move(regions_); }

 private:
  void emit(PdfRegion& region) {
    if (!region.empty()) regions_.push_back(std::move(region));
    region = PdfRegion();
  }

  double page_width_;
  std::vector<PdfRegion> regions_;
};

}  // namespace

std::vector<PdfSegment> to_segments(std::vector<PdfWord> words) {
  std::vector<PdfSegment> segments;
  for (PdfWord& word : words) {
    if (segments.empty() || !follows(segments.back(), word)) {
      segments.emplace_back();
      PdfSegment& fresh = segments.back();
      fresh.x0 = word.x0;
      fresh.y0 = word.y0;
      fresh.x1 = word.x1;
      fresh.y1 = word.y1;
    }
    PdfSegment& segment = segments.back();
    segment.x0 = std::min(segment.x0, word.x0);
    segment.y0 = std::min(segment.y0, word.y0);
    segment.x1 = std::max(segment.x1, word.x1);
    segment.y1 = std::max(segment.y1, word.y1);
    segment.size = std::max(segment.size, word.size);
    segment.char_count += weight(word.text) + 1;
    segment.words.push_back(std::move(word));
  }
  return segments;
}

std::vector<PdfRegion> to_regions(std::vector<PdfSegment> segments, double page_width) {
  std::stable_sort(segments.begin(), segments.end(), [](const PdfSegment& a, const PdfSegment& b) {
    return a.y0 + a.y1 < b.y0 + b.y1;
  });
  Divider divider(page_width);
  divider.divide(std::move(segments), 0);
  return divider.take();
}

}  // namespace wenyuan::ingest
