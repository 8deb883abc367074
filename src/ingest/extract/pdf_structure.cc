#include "ingest/extract/pdf_structure.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/text.h"
#include "ingest/extract/plain_heading.h"

namespace wenyuan::ingest {
namespace {

constexpr double kMarginShare = 0.1;  // of the page's height, above and below
constexpr std::size_t kRunningHeadSizeMax = 200;
constexpr std::size_t kRunningHeadCountMin = 3;
constexpr double kHeadingSizeRatio = 1.15;
constexpr std::size_t kHeadingSizeMax = 200;  // bytes of text
constexpr std::size_t kBoldHeadingSizeMax = 120;
constexpr int kHeadingLineCountMax = 3;
constexpr int kLevelMax = 6;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_roman(std::string_view word) {
  return !word.empty() && word.find_first_not_of("ivxlc") == std::string_view::npos;
}

// The text with its numbers made equal, so that "Page 3" and "Page 4" are the same.
std::string pattern_of(std::string_view text) {
  std::string pattern;
  for (const std::string_view word : split(text, ' ')) {
    if (!pattern.empty()) pattern += ' ';
    if (is_roman(word)) {
      pattern += '#';
      continue;
    }
    for (const char c : word) {
      if (!is_digit(c)) {
        pattern += c;
      } else if (pattern.empty() || pattern.back() != '#') {
        pattern += '#';
      }
    }
  }
  return pattern;
}

bool in_margin(const PdfParagraph& paragraph, const PdfPage& page) {
  return paragraph.y1 < page.height * kMarginShare ||
         paragraph.y0 > page.height * (1 - kMarginShare);
}

void remove_running_heads(std::vector<PdfPage>& pages) {
  std::map<std::string, std::size_t> counts;
  const auto pattern = [](const PdfPage& page, const PdfParagraph& paragraph) {
    if (!in_margin(paragraph, page)) return std::string();
    const std::string text = text_of(paragraph);
    if (text.size() > kRunningHeadSizeMax) return std::string();
    return (paragraph.y0 < page.height / 2 ? "^" : "_") + pattern_of(text);
  };
  for (const PdfPage& page : pages) {
    std::set<std::string> seen;
    for (const PdfParagraph& paragraph : page.paragraphs) {
      const std::string each = pattern(page, paragraph);
      if (!each.empty() && seen.insert(each).second) ++counts[each];
    }
  }
  const std::size_t count_min = std::max(kRunningHeadCountMin, pages.size() / 10);
  for (PdfPage& page : pages) {
    std::erase_if(page.paragraphs, [&](const PdfParagraph& paragraph) {
      const std::string each = pattern(page, paragraph);
      if (each.empty()) return false;
      return counts[each] >= count_min || (each.size() == 2 && each[1] == '#');
    });
  }
}

long rounded(double size) { return std::lround(size * 2); }

// The size of most characters.
double body_size(const std::vector<PdfPage>& pages) {
  std::map<long, std::size_t> weights;
  for (const PdfPage& page : pages) {
    for (const PdfParagraph& paragraph : page.paragraphs) {
      weights[rounded(paragraph.size)] += text_of(paragraph).size();
    }
  }
  const auto most =
      std::max_element(weights.begin(), weights.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == weights.end() ? 0 : static_cast<double>(most->first) / 2;
}

bool has_letter(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c >= 0xC0) return true;
  }
  return false;
}

bool ends_like_a_sentence(std::string_view text) {
  for (const std::string_view end : {".", ",", ";", ":", "。", "，", "；", "："}) {
    if (text.ends_with(end)) return true;
  }
  return false;
}

class Structure {
 public:
  explicit Structure(const std::vector<PdfPage>& pages) : body_size_(body_size(pages)) {
    std::size_t bold = 0;
    std::size_t all = 0;
    std::set<long, std::greater<>> sizes;
    for (const PdfPage& page : pages) {
      for (const PdfParagraph& paragraph : page.paragraphs) {
        const std::size_t size = text_of(paragraph).size();
        all += size;
        bold += paragraph.bold ? size : 0;
        if (is_large_heading(paragraph)) sizes.insert(rounded(paragraph.size));
      }
    }
    bold_tells_ = bold * 4 < all;
    // Sizes that hardly differ are one level.
    for (const long size : sizes) {
      if (level_sizes_.empty() ||
          static_cast<double>(size) < 0.93 * static_cast<double>(level_sizes_.back())) {
        level_sizes_.push_back(size);
      }
    }
  }

  // 0: no heading.
  int level(const PdfParagraph& paragraph) const {
    const int large_count = static_cast<int>(level_sizes_.size());
    if (is_large_heading(paragraph)) {
      int level = 1;
      for (const long size : level_sizes_) {
        if (static_cast<double>(rounded(paragraph.size)) >= 0.93 * static_cast<double>(size)) break;
        ++level;
      }
      return std::min(level, kLevelMax);
    }
    if (bold_tells_ && is_bold_heading(paragraph)) return std::min(large_count + 1, kLevelMax);
    return 0;
  }

 private:
  bool could_be_heading(const PdfParagraph& paragraph, std::size_t size_max) const {
    if (paragraph.kind == BlockKind::table || paragraph.is_aside ||
        paragraph.line_count > kHeadingLineCountMax) {
      return false;
    }
    const std::string text = text_of(paragraph);
    return text.size() >= 2 && text.size() <= size_max && has_letter(text);
  }
  bool is_large_heading(const PdfParagraph& paragraph) const {
    return paragraph.size >= body_size_ * kHeadingSizeRatio &&
           could_be_heading(paragraph, kHeadingSizeMax);
  }
  bool is_bold_heading(const PdfParagraph& paragraph) const {
    return paragraph.bold && paragraph.size >= body_size_ * 0.95 &&
           could_be_heading(paragraph, kBoldHeadingSizeMax) &&
           (paragraph.kind == BlockKind::paragraph ||
            plain_heading_level(text_of(paragraph)) > 0) &&
           !ends_like_a_sentence(text_of(paragraph));
  }

  double body_size_;
  bool bold_tells_ = false;
  std::vector<long> level_sizes_;
};

bool begins_lower(std::string_view text) {
  return !text.empty() && text[0] >= 'a' && text[0] <= 'z';
}

char32_t last_character(std::string_view text) {
  std::size_t at = text.size();
  while (at > 0 && (static_cast<unsigned char>(text[--at]) & 0xC0U) == 0x80U) {
  }
  return text.empty() ? U' ' : next_code_point(text, at);
}

// A paragraph that goes on in the next column or on the next page.
bool goes_on(const PdfParagraph& before, const PdfParagraph& after) {
  if (before.kind == BlockKind::table || after.kind != BlockKind::paragraph) return false;
  if (!before.fills_line || after.is_indented) return false;
  if (std::abs(before.size - after.size) > 0.5 || before.bold != after.bold) return false;
  const std::string end = text_of(before);
  const std::string begin = text_of(after);
  if (end.empty() || begin.empty()) return false;
  if (begins_lower(begin)) return !end.ends_with('.') && !end.ends_with(':');
  std::size_t at = 0;
  return is_cjk(last_character(end)) && is_cjk(next_code_point(begin, at)) &&
         !ends_like_a_sentence(end) && !end.ends_with("！") && !end.ends_with("？");
}

struct Pending {
  PdfParagraph paragraph;
  int page = 0;
  int level = 0;
};

void join(PdfParagraph& before, PdfParagraph after) {
  std::string& end = before.pieces.back().text;
  const bool hyphen =
      end.size() > 1 && end.ends_with('-') && begins_lower(after.pieces.front().text);
  if (hyphen) end.pop_back();
  std::size_t at = 0;
  const bool cjk =
      is_cjk(last_character(end)) && is_cjk(next_code_point(after.pieces.front().text, at));
  after.pieces.front().space_before = !hyphen && !cjk;
  for (Piece& piece : after.pieces) before.pieces.push_back(std::move(piece));
  before.fills_line = after.fills_line;
}

}  // namespace

void build_pdf(std::vector<PdfPage> pages, Builder& builder) {
  remove_running_heads(pages);
  const Structure structure(pages);
  Pending pending;
  const auto flush = [&] {
    PdfParagraph& paragraph = pending.paragraph;
    if (!paragraph.pieces.empty()) {
      const BlockKind kind = pending.level > 0 ? BlockKind::heading : paragraph.kind;
      builder.add(kind, pending.level, pending.page, paragraph.pieces);
    }
    pending = Pending();
  };
  for (std::size_t i = 0; i < pages.size(); ++i) {
    for (PdfParagraph& paragraph : pages[i].paragraphs) {
      if (paragraph.pieces.empty()) continue;
      const int level = structure.level(paragraph);
      const bool new_column =
          pending.paragraph.y1 > paragraph.y0 || pending.page != static_cast<int>(i) + 1;
      if (level == 0 && pending.level == 0 && !pending.paragraph.pieces.empty() && new_column &&
          goes_on(pending.paragraph, paragraph)) {
        join(pending.paragraph, std::move(paragraph));
        continue;
      }
      flush();
      pending = {std::move(paragraph), static_cast<int>(i) + 1, level};
    }
  }
  flush();
}

bool is_real_title(std::string_view title) {
  const std::string lower = to_lower_ascii(trim(title));
  if (lower.size() < 2 || lower.starts_with("microsoft ") || lower.starts_with("untitled")) {
    return false;
  }
  for (const std::string_view end :
       {".doc", ".docx", ".pdf", ".tex", ".dvi", ".indd", ".qxd", ".ps", ".rtf", ".odt", ".ppt",
        ".pptx", ".xls", ".xlsx", ".txt"}) {
    if (lower.ends_with(end)) return false;
  }
  return has_letter(title);
}

}  // namespace wenyuan::ingest
