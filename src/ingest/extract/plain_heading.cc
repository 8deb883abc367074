#include "ingest/extract/plain_heading.h"

#include <algorithm>
#include <string>

#include "base/text.h"

namespace wenyuan::ingest {
namespace {

constexpr std::size_t kHeadingSizeMax = 120;

bool is_cjk_numeral(char32_t c) {
  return std::u32string_view(U"〇零一二三四五六七八九十百千两0123456789").find(c) !=
         std::u32string_view::npos;
}

// 第 + number + 编/章/节; an article (条) is mostly the beginning of a paragraph.
int chinese_level(std::string_view line) {
  std::size_t at = 0;
  if (next_code_point(line, at) != U'第') return 0;
  bool number = false;
  while (at < line.size()) {
    const char32_t c = next_code_point(line, at);
    if (is_cjk_numeral(c)) {
      number = true;
      continue;
    }
    if (!number) return 0;
    if (c == U'编' || c == U'篇' || c == U'部') return 1;
    if (c == U'章') return 2;
    return c == U'节' ? 3 : 0;
  }
  return 0;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "2.1 Scope": a number for each level, then a capital or a CJK character.
int numbered_level(std::string_view line) {
  int level = 0;
  std::size_t at = 0;
  while (at < line.size() && is_digit(line[at])) {
    std::size_t digits = 0;
    while (at < line.size() && is_digit(line[at])) ++at, ++digits;
    if (digits > 3) return 0;
    ++level;
    if (at < line.size() && line[at] == '.') ++at;
  }
  if (level == 0 || level > 6 || at >= line.size() || line[at] != ' ') return 0;
  ++at;
  if (at >= line.size()) return 0;
  const char32_t first = next_code_point(line, at);
  return (first >= 'A' && first <= 'Z') || is_cjk(first) ? level : 0;
}

// "Chapter IV: …", "Appendix B", "Section 12".
int worded_level(std::string_view line) {
  constexpr std::pair<std::string_view, int> kWords[] = {
      {"part ", 1}, {"chapter ", 1}, {"appendix ", 1}, {"section ", 2}, {"article ", 2}};
  const std::string lower = to_lower_ascii(line);
  for (const auto& [word, level] : kWords) {
    if (!lower.starts_with(word)) continue;
    const std::size_t end = std::min(lower.find_first_of(" :.-", word.size()), lower.size());
    const std::string_view number = std::string_view(lower).substr(word.size(), end - word.size());
    const bool arabic = !number.empty() && std::all_of(number.begin(), number.end(), is_digit);
    const bool roman = number.find_first_not_of("ivxlcdm") == std::string_view::npos;
    if (!number.empty() && (arabic || roman || number.size() == 1)) return level;
  }
  return 0;
}

}  // namespace

int plain_heading_level(std::string_view line) {
  line = trim(line);
  if (line.empty() || line.size() > kHeadingSizeMax) return 0;
  for (const std::string_view end : {".", ",", ";", ":", "。", "，", "；", "：", "、"}) {
    if (line.ends_with(end)) return 0;
  }
  if (const int level = chinese_level(line)) return level;
  if (const int level = numbered_level(line)) return level;
  return worded_level(line);
}

}  // namespace wenyuan::ingest
