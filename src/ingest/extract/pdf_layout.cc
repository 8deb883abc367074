#include "ingest/extract/pdf_layout.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "ingest/extract/pdf_columns.h"
#include "ingest/extract/pdf_lines.h"

namespace wenyuan::ingest {
namespace {

constexpr double kPitchDefault = 1.2;  // from line to line, in font sizes
constexpr double kPitchMax = 2.2;
constexpr double kParagraphPitch = 1.3;  // more than this times the usual pitch parts paragraphs
constexpr double kSizeTolerance = 0.12;
constexpr double kIndentMin = 0.8;        // in font sizes
constexpr double kShortLineShare = 0.25;  // of a region's width that the last line leaves free
constexpr std::size_t kTableRowCountMin = 2;

struct Frame {
  double left = 0, right = 0;
  double pitch = 0;  // usual distance of lines, in font sizes
};

Frame frame_of(const std::vector<PdfLine>& lines) {
  Frame frame{lines.front().x0, lines.front().x1, kPitchDefault};
  std::vector<double> pitches;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    frame.left = std::min(frame.left, lines[i].x0);
    frame.right = std::max(frame.right, lines[i].x1);
    if (i == 0 || lines[i].size <= 0) continue;
    const double pitch = (lines[i].y1 - lines[i - 1].y1) / lines[i].size;
    if (pitch > 0.8 && pitch < kPitchMax) pitches.push_back(pitch);
  }
  if (pitches.size() >= 3) {
    const auto middle = pitches.begin() + static_cast<std::ptrdiff_t>(pitches.size() / 2);
    std::nth_element(pitches.begin(), middle, pitches.end());
    frame.pitch = *middle;
  }
  return frame;
}

bool ends_sentence(std::string_view text) {
  for (const std::string_view end : {".", "!", "?", ":", "。", "！", "？", "：", "；", ".”", "”"}) {
    if (text.ends_with(end)) return true;
  }
  return false;
}

bool sizes_differ(double a, double b) {
  return std::abs(a - b) > kSizeTolerance * std::max({a, b, 1.0});
}

// Gathers lines of one region into paragraphs.
class Gatherer {
 public:
  explicit Gatherer(const Frame& frame) : frame_(frame) {}

  void add(const PdfLine& line, bool in_table) {
    const BlockKind kind = in_table             ? BlockKind::table
                           : is_list_item(line) ? BlockKind::list_item
                                                : BlockKind::paragraph;
    if (current_.line_count == 0 || parts(line, kind)) {
      finish();
      current_.kind = kind;
      current_.size = line.size;
      current_.bold = line.bold;
      current_.y0 = line.y0;
      current_.is_indented = line.x0 > frame_.left + kIndentMin * line.size;
      first_x0_ = line.x0;
    }
    append_line(current_, line, in_table);
    current_.bold = current_.bold && line.bold;
    ++current_.line_count;
    current_.y1 = line.y1;
    current_.fills_line = line.x1 > frame_.right - kShortLineShare * (frame_.right - frame_.left);
    last_ = &line;
  }

  std::vector<PdfParagraph> take() {
    finish();
    return std::move(paragraphs_);
  }

 private:
  // True when `line` begins a paragraph of its own.
  bool parts(const PdfLine& line, BlockKind kind) const {
    if (kind != current_.kind) {
      // What follows an item's first line belongs to the item unless it goes back to the left.
      const bool continues = current_.kind == BlockKind::list_item &&
                             kind == BlockKind::paragraph && line.x0 >= first_x0_;
      if (!continues) return true;
    }
    if (line.is_entry || last_->is_entry) return true;
    const double distance = line.y1 - last_->y1;
    const double size = std::max(line.size, 1.0);
    if (distance < 0 || distance / size > kParagraphPitch * frame_.pitch) {
      return kind != BlockKind::table || distance < 0 || distance / size > 3 * frame_.pitch;
    }
    if (kind == BlockKind::table) return false;
    if (kind == BlockKind::list_item) return true;
    if (sizes_differ(line.size, last_->size) || line.bold != last_->bold) return true;
    if (current_.kind == BlockKind::list_item) return false;
    if (line.x0 - last_->x0 > kIndentMin * size) return current_.line_count > 1 || !centred(line);
    if (last_->x0 - line.x0 > kIndentMin * size && current_.line_count > 1) return !centred(line);
    return !current_.fills_line && ends_sentence(last_->text);
  }

  // Centred lines begin here and there, and still belong together.
  bool centred(const PdfLine& line) const {
    const double middle = (line.x0 + line.x1) / 2;
    return std::abs(middle - (last_->x0 + last_->x1) / 2) < line.size;
  }

  void finish() {
    if (current_.line_count > 0) paragraphs_.push_back(std::move(current_));
    current_ = PdfParagraph();
  }

  Frame frame_;
  PdfParagraph current_;
  double first_x0_ = 0;
  const PdfLine* last_ = nullptr;
  std::vector<PdfParagraph> paragraphs_;
};

// Rows with gaps in them are a table when there are several in a row.
std::vector<bool> table_rows(const std::vector<PdfLine>& lines) {
  std::vector<bool> result(lines.size(), false);
  for (std::size_t begin = 0; begin < lines.size();) {
    std::size_t end = begin;
    while (end < lines.size() && lines[end].cell_starts.size() > 1) ++end;
    if (end - begin >= kTableRowCountMin) {
      std::fill(result.begin() + static_cast<std::ptrdiff_t>(begin),
                result.begin() + static_cast<std::ptrdiff_t>(end), true);
    }
    begin = std::max(end, begin + 1);
  }
  return result;
}

}  // namespace

std::vector<PdfParagraph> lay_out(std::vector<PdfWord> words, double page_width) {
  std::vector<PdfParagraph> result;
  if (words.empty() || page_width <= 0) return result;
  for (PdfRegion& region : to_regions(to_segments(std::move(words)), page_width)) {
    const std::vector<PdfLine> lines = to_lines(std::move(region));
    if (lines.empty()) continue;
    const std::vector<bool> tabular = table_rows(lines);
    Gatherer gatherer(frame_of(lines));
    for (std::size_t i = 0; i < lines.size(); ++i) gatherer.add(lines[i], tabular[i]);
    for (PdfParagraph& paragraph : gatherer.take()) result.push_back(std::move(paragraph));
  }
  return result;
}

std::string text_of(const PdfParagraph& paragraph) {
  std::string text;
  for (const Piece& piece : paragraph.pieces) {
    if (piece.space_before && !text.empty()) text += ' ';
    text += piece.text;
  }
  return text;
}

}  // namespace wenyuan::ingest
