#include "ingest/extract/html_tags.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"

namespace wenyuan::ingest {
namespace {

constexpr std::size_t kCellBlockCountMax = 3;  // paragraphs in a cell of a data table
constexpr std::size_t kLookMax = 20'000;       // nodes looked at to tell the kind of a table

struct Shape {
  std::size_t rows = 0;
  std::size_t cells = 0;
  std::size_t blocks = 0;
  bool nested = false;
};

void count(const GumboElement& element, Shape& shape) {
  switch (element.tag) {
    case GUMBO_TAG_TR: ++shape.rows; break;
    case GUMBO_TAG_TD:
    case GUMBO_TAG_TH: ++shape.cells; break;
    case GUMBO_TAG_P: ++shape.blocks; break;
    case GUMBO_TAG_TABLE:
    case GUMBO_TAG_H1:
    case GUMBO_TAG_H2:
    case GUMBO_TAG_H3:
    case GUMBO_TAG_FORM:
    case GUMBO_TAG_PRE: shape.nested = true; break;
    default: break;
  }
}

std::string without_spaces(std::string_view text) {
  std::string result = to_lower_ascii(text);
  std::erase_if(result, [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; });
  return result;
}

}  // namespace

bool is_skipped(GumboTag tag) {
  switch (tag) {
    case GUMBO_TAG_SCRIPT:
    case GUMBO_TAG_STYLE:
    case GUMBO_TAG_NOSCRIPT:
    case GUMBO_TAG_TEMPLATE:
    case GUMBO_TAG_NAV:
    case GUMBO_TAG_IFRAME:
    case GUMBO_TAG_OBJECT:
    case GUMBO_TAG_EMBED:
    case GUMBO_TAG_SVG:
    case GUMBO_TAG_CANVAS:
    case GUMBO_TAG_BUTTON:
    case GUMBO_TAG_SELECT:
    case GUMBO_TAG_TEXTAREA:
    case GUMBO_TAG_RP: return true;
    default: return false;
  }
}

bool is_hidden(const GumboElement& element) {
  if (gumbo_get_attribute(&element.attributes, "hidden") != nullptr) return true;
  const GumboAttribute* style = gumbo_get_attribute(&element.attributes, "style");
  if (style == nullptr) return false;
  const std::string rules = ";" + without_spaces(style->value) + ";";
  for (const char* rule :
       {";display:none", ";visibility:hidden", ";font-size:0;", ";font-size:0px", ";opacity:0;"}) {
    if (rules.find(rule) != std::string::npos) return true;
  }
  return false;
}

bool is_block(GumboTag tag) {
  switch (tag) {
    case GUMBO_TAG_BODY:
    case GUMBO_TAG_ARTICLE:
    case GUMBO_TAG_SECTION:
    case GUMBO_TAG_ASIDE:
    case GUMBO_TAG_H1:
    case GUMBO_TAG_H2:
    case GUMBO_TAG_H3:
    case GUMBO_TAG_H4:
    case GUMBO_TAG_H5:
    case GUMBO_TAG_H6:
    case GUMBO_TAG_HEADER:
    case GUMBO_TAG_FOOTER:
    case GUMBO_TAG_ADDRESS:
    case GUMBO_TAG_MAIN:
    case GUMBO_TAG_P:
    case GUMBO_TAG_HR:
    case GUMBO_TAG_LI:
    case GUMBO_TAG_DL:
    case GUMBO_TAG_DT:
    case GUMBO_TAG_DD:
    case GUMBO_TAG_FIGURE:
    case GUMBO_TAG_FIGCAPTION:
    case GUMBO_TAG_DIV:
    case GUMBO_TAG_CAPTION:
    case GUMBO_TAG_FORM:
    case GUMBO_TAG_FIELDSET:
    case GUMBO_TAG_LEGEND:
    case GUMBO_TAG_DETAILS:
    case GUMBO_TAG_SUMMARY:
    case GUMBO_TAG_CENTER: return true;
    default: return false;
  }
}

bool is_data_table(const GumboNode& table) {
  Shape shape;
  std::vector<const GumboNode*> open = {&table};
  for (std::size_t looked = 0; !open.empty() && looked < kLookMax && !shape.nested; ++looked) {
    const GumboNode& node = *open.back();
    open.pop_back();
    if (node.type != GUMBO_NODE_ELEMENT) continue;
    if (&node != &table) count(node.v.element, shape);
    const GumboVector& children = node.v.element.children;
    for (unsigned i = 0; i < children.length; ++i) {
      open.push_back(static_cast<const GumboNode*>(children.data[i]));
    }
  }
  if (shape.nested || shape.rows == 0) return false;
  return shape.cells > shape.rows && shape.blocks <= shape.cells * kCellBlockCountMax;
}

}  // namespace wenyuan::ingest
