#include "ingest/extract/pdf_lines.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace wenyuan::ingest {
namespace {

constexpr double kCellGapMin = 1.5;    // between two cells, in font sizes
constexpr double kCjkGapMin = 0.5;     // that counts as a space between CJK characters
constexpr double kMixedGapMin = 0.1;   // the same between CJK and others
constexpr double kLatinGapMin = 0.15;  // between others that the file has no space between
constexpr std::size_t kLeaderDotCountMin = 5;

char32_t first_character(std::string_view text) {
  std::size_t at = 0;
  return text.empty() ? U' ' : next_code_point(text, at);
}

char32_t last_character(std::string_view text) {
  std::size_t at = text.size();
  while (at > 0 && (static_cast<unsigned char>(text[--at]) & 0xC0U) == 0x80U) {
  }
  return text.empty() ? U' ' : next_code_point(text, at);
}

bool is_right_to_left(char32_t c) {
  return (c >= 0x590 && c <= 0x8FF) || (c >= 0xFB1D && c <= 0xFDFF) || (c >= 0xFE70 && c <= 0xFEFE);
}

bool is_right_to_left(const PdfWord& word) {
  return is_right_to_left(first_character(word.text)) ||
         is_right_to_left(last_character(word.text));
}

// Words come by their place from left to right; right-to-left scripts read the other way, with runs
// of Latin words and numbers inside of them as they are.
void order_words(std::vector<PdfWord>& words) {
  const auto rtl_count = std::count_if(words.begin(), words.end(),
                                       [](const PdfWord& word) { return is_right_to_left(word); });
  if (rtl_count * 2 <= static_cast<std::ptrdiff_t>(words.size())) return;
  std::reverse(words.begin(), words.end());
  for (auto at = words.begin(); at != words.end();) {
    const auto end =
        std::find_if(at, words.end(), [](const PdfWord& word) { return is_right_to_left(word); });
    std::reverse(at, end);
    at = end == words.end() ? end : end + 1;
  }
}

bool space_between(const PdfWord& before, const PdfWord& after) {
  const bool cjk_before = is_cjk(last_character(before.text));
  const bool cjk_after = is_cjk(first_character(after.text));
  const double gap = std::max(after.x0 - before.x1, before.x0 - after.x1);
  const double size = std::max({before.size, after.size, 1.0});
  if (cjk_before && cjk_after) return gap > kCjkGapMin * size;
  if (cjk_before || cjk_after) return gap > kMixedGapMin * size;
  // Where only the font changes inside of a word there is no space.
  return before.space_after || gap > kLatinGapMin * size || gap < -size;
}

// The dots between an entry of a table of contents and its page. True when there were some.
bool remove_leaders(std::vector<PdfWord>& words) {
  std::size_t dots = 0;
  const auto is_leader = [](const PdfWord& word) {
    return word.text.find_first_not_of('.') == std::string::npos;
  };
  for (const PdfWord& word : words) dots += is_leader(word) ? word.text.size() : 0;
  if (dots < kLeaderDotCountMin) return false;
  std::erase_if(words, is_leader);
  return true;
}

PdfLine to_line(std::vector<PdfSegment> row) {
  std::stable_sort(row.begin(), row.end(),
                   [](const PdfSegment& a, const PdfSegment& b) { return a.x0 < b.x0; });
  PdfLine line;
  line.x0 = row.front().x0;
  line.y0 = row.front().y0;
  line.y1 = row.front().y1;
  std::size_t bold = 0;
  for (PdfSegment& segment : row) {
    line.x1 = std::max(line.x1, segment.x1);
    line.y0 = std::min(line.y0, segment.y0);
    line.y1 = std::max(line.y1, segment.y1);
    line.size = std::max(line.size, segment.size);
    for (PdfWord& word : segment.words) line.words.push_back(std::move(word));
  }
  line.is_entry = remove_leaders(line.words);
  order_words(line.words);
  for (std::size_t i = 0; i < line.words.size(); ++i) {
    const PdfWord& word = line.words[i];
    bold += word.bold ? 1 : 0;
    const bool first = i == 0;
    const double gap =
        first ? 0 : std::max(word.x0 - line.words[i - 1].x1, line.words[i - 1].x0 - word.x1);
    if (first || (!line.is_entry && gap > kCellGapMin * std::max(line.size, 1.0)))
      line.cell_starts.push_back(i);
    if (!first && space_between(line.words[i - 1], word)) line.text += ' ';
    line.text += word.text;
  }
  line.bold = bold == line.words.size();
  return line;
}

bool is_lower(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 0xDF && c <= 0xFF); }

// "exam-" + "ple": the hyphen is the line's, not the word's.
bool drop_hyphen(std::string& before, std::string_view after) {
  if (before.size() < 2 || before.back() != '-' || !is_lower(first_character(after))) return false;
  if (!is_lower(last_character(std::string_view(before).substr(0, before.size() - 1)))) {
    return false;
  }
  before.pop_back();
  return true;
}

// How the first word of a line goes on from the text before it.
bool join(PdfParagraph& paragraph, const PdfWord& word) {
  std::string& before = paragraph.pieces.back().text;
  constexpr std::string_view kSoftHyphen = "\xC2\xAD";
  if (before.ends_with(kSoftHyphen)) {
    before.resize(before.size() - kSoftHyphen.size());
    return false;
  }
  if (drop_hyphen(before, word.text)) return false;
  return !is_cjk(last_character(before)) || !is_cjk(first_character(word.text));
}

}  // namespace

std::vector<PdfLine> to_lines(PdfRegion region) {
  std::stable_sort(region.begin(), region.end(), [](const PdfSegment& a, const PdfSegment& b) {
    return a.y0 + a.y1 < b.y0 + b.y1;
  });
  std::vector<PdfLine> lines;
  std::vector<PdfSegment> row;
  double y0 = 0;
  double y1 = 0;
  for (PdfSegment& segment : region) {
    const double overlap = std::min(y1, segment.y1) - std::max(y0, segment.y0);
    const double height = std::min(y1 - y0, segment.y1 - segment.y0);
    if (!row.empty() && overlap <= height / 2) {
      lines.push_back(to_line(std::move(row)));
      row = {};
    }
    if (row.empty()) {
      y0 = segment.y0;
      y1 = segment.y1;
    }
    row.push_back(std::move(segment));
  }
  if (!row.empty()) lines.push_back(to_line(std::move(row)));
  return lines;
}

bool is_list_item(const PdfLine& line) {
  if (line.words.size() < 2) return false;
  const std::string& mark = line.words.front().text;
  constexpr std::array<std::string_view, 13> kBullets = {
      "•", "‣", "◦", "▪", "■", "●", "○", "–", "-", "*", "·", "\xEF\x82\xB7", "➢"};
  if (std::find(kBullets.begin(), kBullets.end(), mark) != kBullets.end()) return true;
  // "1." "12)" "(3)" "a)"
  std::string_view inner = mark;
  const bool opened = inner.starts_with('(');
  if (opened) inner.remove_prefix(1);
  if (inner.size() < 2 || inner.size() > 4) return false;
  const char close = inner.back();
  inner.remove_suffix(1);
  const bool digits =
      std::all_of(inner.begin(), inner.end(), [](char c) { return c >= '0' && c <= '9'; });
  const bool letter = inner.size() == 1 && inner[0] >= 'a' && inner[0] <= 'z';
  return (close == ')' && (digits || letter)) || (close == '.' && digits && !opened);
}

void append_line(PdfParagraph& paragraph, const PdfLine& line, bool as_row) {
  for (std::size_t i = 0; i < line.words.size(); ++i) {
    const PdfWord& word = line.words[i];
    if (word.pieces.empty()) continue;
    const bool fresh = paragraph.pieces.empty();
    const bool cell =
        std::find(line.cell_starts.begin(), line.cell_starts.end(), i) != line.cell_starts.end();
    bool space = !fresh;
    if (!fresh && as_row && i == 0) {
      paragraph.pieces.push_back({"\n", std::nullopt, false});
    } else if (!fresh && as_row && cell) {
      paragraph.pieces.push_back({"|", std::nullopt, true});
    } else if (!fresh) {
      space = i == 0 ? join(paragraph, word) : space_between(line.words[i - 1], word);
    }
    for (std::size_t at = 0; at < word.pieces.size(); ++at) {
      paragraph.pieces.push_back(word.pieces[at]);
      paragraph.pieces.back().space_before = at == 0 && space;
    }
  }
}

}  // namespace wenyuan::ingest
