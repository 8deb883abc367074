#include "ingest/extract/docx_styles.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "ingest/extract/xml.h"

namespace wenyuan::ingest {
namespace {

constexpr int kBasedOnDepthMax = 16;
constexpr int kCountMax = 100'000;

// Word writes the English names; other programs write their own language's.
int level_of_name(std::string_view style_name) {
  const std::string lower = to_lower_ascii(style_name);
  if (lower == "title" || lower == "标题") return 0;
  for (const std::string_view word :
       {"heading ", "heading", "标题 ", "标题", "見出し ", "überschrift ", "titre ", "título "}) {
    if (!lower.starts_with(word)) continue;
    const int level = to_number(std::string_view(lower).substr(word.size()), kNoHeading);
    if (level >= 1 && level <= 9) return level;
  }
  return kNoHeading;
}

std::string letters(int number, char first) {
  const int count = (number - 1) / 26 + 1;
  return std::string(static_cast<std::size_t>(std::min(count, 8)),
                     static_cast<char>(first + (number - 1) % 26));
}

std::string roman(int number) {
  constexpr std::pair<int, std::string_view> kParts[] = {
      {1000, "m"}, {900, "cm"}, {500, "d"}, {400, "cd"}, {100, "c"}, {90, "xc"}, {50, "l"},
      {40, "xl"},  {10, "x"},   {9, "ix"},  {5, "v"},    {4, "iv"},  {1, "i"}};
  if (number > 3999) return std::to_string(number);
  std::string text;
  for (const auto& [value, part] : kParts) {
    for (; number >= value; number -= value) text += part;
  }
  return text;
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

// 一, 十二, 二十, 一百零三; up to 999.
std::string chinese(int number) {
  constexpr std::array<std::string_view, 10> kDigits = {"零", "一", "二", "三", "四",
                                                        "五", "六", "七", "八", "九"};
  if (number >= 1000 || number < 0) return std::to_string(number);
  const auto digit = [&](int value) {
    return std::string(kDigits[static_cast<std::size_t>(value)]);
  };
  const int hundreds = number / 100;
  const int tens = number / 10 % 10;
  const int ones = number % 10;
  std::string text;
  if (hundreds > 0) text += digit(hundreds) + "百";
  if (tens > 0) {
    text += (tens > 1 || hundreds > 0 ? digit(tens) : std::string()) + "十";
  } else if (hundreds > 0 && ones > 0) {
    text += "零";
  }
  if (ones > 0 || number == 0) text += digit(ones);
  return text;
}

std::string formatted(int number, std::string_view format) {
  if (format == "none" || format == "bullet") return {};
  if (number < 1) return std::to_string(number);
  if (format == "lowerLetter") return letters(number, 'a');
  if (format == "upperLetter") return letters(number, 'A');
  if (format == "lowerRoman") return roman(number);
  if (format == "upperRoman") return upper(roman(number));
  if (format == "decimalZero" && number < 10) return "0" + std::to_string(number);
  const bool is_chinese = format.starts_with("chinese") || format.starts_with("japaneseCounting") ||
                          format.starts_with("taiwaneseCounting") ||
                          format.starts_with("ideographDigital");
  return is_chinese ? chinese(number) : std::to_string(number);
}

bool is_on(const pugi::xml_node& properties, std::string_view name) {
  const pugi::xml_node node = child(properties, name);
  if (!node) return false;
  const std::string_view value = attribute(node, "val");
  return value != "0" && value != "false" && value != "off";
}

}  // namespace

void DocxStyles::load(const pugi::xml_node& styles) {
  for (const pugi::xml_node& node : styles.children()) {
    if (local_name(node) != "style") continue;
    Style style;
    style.based_on = child_value(node, "basedOn");
    style.heading = level_of_name(child_value(node, "name"));
    const pugi::xml_node paragraph = child(node, "pPr");
    const int outline = to_number(child_value(paragraph, "outlineLvl"), kNoHeading);
    if (style.heading == kNoHeading && outline >= 0 && outline < 9) style.heading = outline + 1;
    if (const pugi::xml_node place = child(paragraph, "numPr")) {
      style.has_numbering = true;
      style.numbering = {std::string(child_value(place, "numId")),
                         to_number(child_value(place, "ilvl"), 0)};
    }
    style.hidden = is_on(child(node, "rPr"), "vanish");
    styles_[std::string(attribute(node, "styleId"))] = std::move(style);
  }
}

// The style, or the nearest one that it is based on, that has what is wanted.
template <class Wanted>
const DocxStyles::Style* DocxStyles::find(std::string_view name, Wanted wanted) const {
  for (int depth = 0; depth < kBasedOnDepthMax; ++depth) {
    const auto found = styles_.find(name);
    if (found == styles_.end()) return nullptr;
    if (wanted(found->second)) return &found->second;
    name = found->second.based_on;
  }
  return nullptr;
}

int DocxStyles::heading_level(std::string_view name) const {
  const Style* style = find(name, [](const Style& each) { return each.heading != kNoHeading; });
  return style == nullptr ? kNoHeading : style->heading;
}

NumberingPlace DocxStyles::numbering(std::string_view name) const {
  const Style* style = find(name, [](const Style& each) { return each.has_numbering; });
  return style == nullptr ? NumberingPlace() : style->numbering;
}

bool DocxStyles::is_hidden(std::string_view name) const {
  return find(name, [](const Style& each) { return each.hidden; }) != nullptr;
}

void DocxNumbering::load(const pugi::xml_node& numbering) {
  for (const pugi::xml_node& node : numbering.children()) {
    if (local_name(node) == "abstractNum") {
      List& list = lists_[std::string(attribute(node, "abstractNumId"))];
      for (const pugi::xml_node& each : node.children()) {
        if (local_name(each) != "lvl") continue;
        const int at = to_number(attribute(each, "ilvl"), -1);
        if (at < 0 || at >= kLevelCount) continue;
        list.levels[at] = {to_number(child_value(each, "start"), 1),
                           std::string(child_value(each, "numFmt")),
                           std::string(child_value(each, "lvlText"))};
      }
    } else if (local_name(node) == "num") {
      const std::string number(attribute(node, "numId"));
      list_of_[number] = child_value(node, "abstractNumId");
      for (const pugi::xml_node& each : node.children()) {
        if (local_name(each) != "lvlOverride") continue;
        const int start = to_number(child_value(each, "startOverride"), -1);
        if (start >= 0) restarts_[number][to_number(attribute(each, "ilvl"), 0)] = start;
      }
    }
  }
}

std::string DocxNumbering::next(const NumberingPlace& place) {
  const auto abstract = list_of_.find(place.list);
  if (abstract == list_of_.end()) return {};
  List& list = lists_[abstract->second];
  const int at = std::clamp(place.level, 0, kLevelCount - 1);
  const auto level_at = [&](int which) -> const Level& {
    static const Level kPlain;
    const auto found = list.levels.find(which);
    return found == list.levels.end() ? kPlain : found->second;
  };
  auto& restarts = restarts_[place.list];
  if (const auto restart = restarts.find(at); restart != restarts.end()) {
    list.counts[at] = restart->second;
    list.begun[at] = true;
    restarts.erase(restart);
  } else {
    list.counts[at] =
        list.begun[at] ? std::min(list.counts[at] + 1, kCountMax) : level_at(at).start;
    list.begun[at] = true;
  }
  std::fill(list.begun + at + 1, list.begun + kLevelCount, false);
  if (level_at(at).format == "bullet") return {};
  std::string label;
  const std::string& pattern = level_at(at).text;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool place_holder = pattern[i] == '%' && i + 1 < pattern.size() &&
                              pattern[i + 1] >= '1' && pattern[i + 1] <= '9';
    if (!place_holder) {
      label += pattern[i];
      continue;
    }
    const int which = pattern[++i] - '1';
    const Level& level = level_at(which);
    label += formatted(list.begun[which] ? list.counts[which] : level.start, level.format);
  }
  return label;
}

}  // namespace wenyuan::ingest
