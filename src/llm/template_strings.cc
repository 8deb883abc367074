#include "llm/template_strings.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "llm/characters.h"

namespace wenyuan::llm {
namespace {

// What Python's str.isspace() says.
bool is_white(char32_t c) { return is_space(c) || (c >= 0x1C && c <= 0x1F); }

bool is_letter_byte(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Rebuilds the text byte by byte: `write` gives what a byte becomes, or nothing to keep it.
template <class Write>
TemplateText rewritten(const TemplateText& text, Write write) {
  TemplateText result;
  const std::string& bytes = text.bytes();
  std::size_t kept = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const std::string_view instead = write(bytes[at]);
    if (instead.empty()) continue;
    result.append(text.part(kept, at - kept));
    result.append(instead, text.origin(at));
    kept = at + 1;
  }
  result.append(text.part(kept));
  return result;
}

}  // namespace

std::vector<std::size_t> character_places(const TemplateText& text) {
  std::vector<std::size_t> places;
  for (std::size_t at = 0; at < text.size();) {
    places.push_back(at);
    at += first_character(std::string_view(text.bytes()).substr(at)).end;
  }
  places.push_back(text.size());
  return places;
}

TemplateText stripped(const TemplateText& text, std::optional<std::string_view> set, Side side) {
  const std::vector<Char> wanted = set ? characters(*set) : std::vector<Char>();
  const std::vector<Char> all = characters(text.bytes());
  const auto goes = [&](const Char& c) {
    if (!set) return is_white(c.code);
    return std::any_of(wanted.begin(), wanted.end(),
                       [&](const Char& other) { return other.code == c.code; });
  };
  std::size_t begin = 0, end = all.size();
  if (side != Side::right) {
    while (begin < end && goes(all[begin])) ++begin;
  }
  if (side != Side::left) {
    while (end > begin && goes(all[end - 1])) --end;
  }
  if (begin == end) return {};
  return text.part(all[begin].begin, all[end - 1].end - all[begin].begin);
}

std::vector<TemplateText> split_at(const TemplateText& text, std::string_view separator,
                                   std::int64_t count_max, Side from) {
  std::vector<std::size_t> places;
  const std::string& bytes = text.bytes();
  const auto more = [&] {
    return count_max < 0 || static_cast<std::int64_t>(places.size()) < count_max;
  };
  if (from == Side::right) {
    for (std::size_t end = bytes.size(); more() && end >= separator.size();) {
      const std::size_t at = bytes.rfind(separator, end - separator.size());
      if (at == std::string::npos) break;
      places.push_back(at);
      end = at;
    }
    std::reverse(places.begin(), places.end());
  } else {
    for (std::size_t at = 0; more(); at += separator.size()) {
      at = bytes.find(separator, at);
      if (at == std::string::npos) break;
      places.push_back(at);
    }
  }
  std::vector<TemplateText> parts;
  std::size_t begin = 0;
  for (const std::size_t at : places) {
    parts.push_back(text.part(begin, at - begin));
    begin = at + separator.size();
  }
  parts.push_back(text.part(begin));
  return parts;
}

std::vector<TemplateText> split_at_spaces(const TemplateText& text, std::int64_t count_max) {
  std::vector<TemplateText> parts;
  const std::vector<Char> all = characters(text.bytes());
  std::size_t at = 0;
  const auto skip = [&](bool white) {
    while (at < all.size() && is_white(all[at].code) == white) ++at;
  };
  for (skip(true); at < all.size(); skip(true)) {
    const std::size_t begin = all[at].begin;
    if (count_max >= 0 && static_cast<std::int64_t>(parts.size()) == count_max) {
      parts.push_back(text.part(begin));
      break;
    }
    skip(false);
    parts.push_back(text.part(begin, all[at - 1].end - begin));
  }
  return parts;
}

std::vector<TemplateText> split_lines(const TemplateText& text) {
  std::vector<TemplateText> parts = split_at(text, "\n", -1, Side::left);
  if (parts.back().empty()) parts.pop_back();
  return parts;
}

TemplateText replaced(const TemplateText& text, std::string_view old, const TemplateText& by,
                      std::int64_t count_max) {
  TemplateText result;
  const std::vector<TemplateText> parts = split_at(text, old, count_max, Side::left);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) result.append(by);
    result.append(parts[i]);
  }
  return result;
}

TemplateText with_case(const TemplateText& text, LetterCase how) {
  char changed = 0;
  bool inside = false;  // a word, or the text
  return rewritten(text, [&](char c) -> std::string_view {
    const bool is_first = !inside;
    inside = how == LetterCase::title ? is_letter_byte(c) : true;
    const bool up = how == LetterCase::upper ||
                    (is_first && (how == LetterCase::title || how == LetterCase::capitalized));
    changed = up ? upper(c) : lower(c);
    return changed == c ? std::string_view() : std::string_view(&changed, 1);
  });
}

TemplateText escaped_json(const TemplateText& text) {
  char code[8];
  return rewritten(text, [&](char c) -> std::string_view {
    switch (c) {
      case '"': return "\\\"";
      case '\\': return "\\\\";
      case '\n': return "\\n";
      case '\r': return "\\r";
      case '\t': return "\\t";
      case '\b': return "\\b";
      case '\f': return "\\f";
      default: break;
    }
    if (static_cast<unsigned char>(c) >= 0x20) return {};
    std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
    return code;
  });
}

TemplateText escaped_html(const TemplateText& text) {
  return rewritten(text, [](char c) -> std::string_view {
    switch (c) {
      case '&': return "&amp;";
      case '<': return "&lt;";
      case '>': return "&gt;";
      case '\'': return "&#39;";
      case '"': return "&#34;";
      default: return {};
    }
  });
}

}  // namespace wenyuan::llm
