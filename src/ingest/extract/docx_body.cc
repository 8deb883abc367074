#include "ingest/extract/docx_body.h"

#include <algorithm>

#include "base/text.h"
#include "ingest/extract/xml.h"

namespace wenyuan::ingest {
namespace {

// Deeper than Word nests; what lies below is left out.
constexpr int kDepthMax = 100;

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Text that a reader of the accepted document does not see.
bool is_removed(std::string_view name) {
  return is_one_of(name, {"del", "moveFrom", "instrText", "delText", "pPr", "rPr", "tblPr", "tcPr",
                          "trPr", "sdtPr", "sdtEndPr", "sectPr", "annotationRef"});
}

// One of the forms that say the same: the first choice, else the fallback.
pugi::xml_node chosen(const pugi::xml_node& alternate) {
  const pugi::xml_node choice = child(alternate, "Choice");
  return choice ? choice : child(alternate, "Fallback");
}

std::size_t column_count(const pugi::xml_node& table) {
  std::size_t most = 0;
  for (const pugi::xml_node& row : table.children()) {
    if (local_name(row) != "tr") continue;
    std::size_t cells = 0;
    for (const pugi::xml_node& cell : row.children()) cells += local_name(cell) == "tc" ? 1 : 0;
    most = std::max(most, cells);
  }
  return most;
}

}  // namespace

void DocxBody::walk(const pugi::xml_node& parent, int depth) {
  if (depth > kDepthMax) return;
  for (const pugi::xml_node& node : parent.children()) {
    if (builder_.is_full()) return;
    const std::string_view name = local_name(node);
    if (name == "p") {
      paragraph(node, depth);
    } else if (name == "tbl") {
      table(node, depth);
    } else if (name == "AlternateContent") {
      walk(chosen(node), depth + 1);
    } else if (!is_removed(name)) {
      walk(node, depth + 1);
    }
  }
}

void DocxBody::paragraph(const pugi::xml_node& node, int depth) {
  const pugi::xml_node properties = child(node, "pPr");
  const std::string_view style = child_value(properties, "pStyle");
  int level = styles_.heading_level(style);
  const int outline = to_number(child_value(properties, "outlineLvl"), kNoHeading);
  if (level == kNoHeading && outline >= 0 && outline < 9) level = outline + 1;

  NumberingPlace place = styles_.numbering(style);
  if (const pugi::xml_node own = child(properties, "numPr")) {
    if (const std::string_view list = child_value(own, "numId"); !list.empty()) place.list = list;
    place.level = to_number(child_value(own, "ilvl"), place.level);
  }
  const bool listed = !place.list.empty() && place.list != "0";

  const std::size_t box_count = text_boxes_.size();
  std::string text;
  inline_text(node, text, depth);
  if (!trim(text).empty()) {
    std::string label = listed ? numbering_.next(place) : std::string();
    if (!label.empty()) label += ' ';
    const BlockKind kind = level != kNoHeading ? BlockKind::heading
                           : listed            ? BlockKind::list_item
                                               : BlockKind::paragraph;
    if (level == 0 && !builder_.has_title()) builder_.set_title(text);
    builder_.add(kind, std::max(level, 0) + (level == 0 ? 1 : 0), label + text);
  }
  const std::vector<pugi::xml_node> boxes(
      text_boxes_.begin() + static_cast<std::ptrdiff_t>(box_count), text_boxes_.end());
  text_boxes_.resize(box_count);
  for (const pugi::xml_node& box : boxes) walk(box, depth + 1);
}

void DocxBody::table(const pugi::xml_node& node, int depth) {
  // A table of one column is a frame around text.
  if (column_count(node) <= 1) {
    for (const pugi::xml_node& each : node.children()) {
      if (local_name(each) == "tr" || local_name(each) == "sdt") walk(each, depth + 1);
    }
    return;
  }
  std::string text;
  for (const pugi::xml_node& each : node.children()) row(each, text, depth + 1);
  builder_.add(BlockKind::table, 0, text);
}

void DocxBody::row(const pugi::xml_node& node, std::string& text, int depth) {
  if (depth > kDepthMax) return;
  const std::string_view name = local_name(node);
  if (name == "sdt" || name == "sdtContent" || name == "ins") {
    for (const pugi::xml_node& each : node.children()) row(each, text, depth + 1);
    return;
  }
  if (name != "tr" || child(child(node, "trPr"), "del")) return;
  bool first = true;
  const auto add_cell = [&](const pugi::xml_node& cell) {
    std::string content;
    flat_text(cell, content, depth + 1);
    if (!first) text += " | ";
    first = false;
    text += trim(content);
  };
  for (const pugi::xml_node& each : node.children()) {
    if (local_name(each) == "tc") add_cell(each);
    if (local_name(each) == "sdt") {
      for (const pugi::xml_node& inner : child(each, "sdtContent").children()) {
        if (local_name(inner) == "tc") add_cell(inner);
      }
    }
  }
  text += '\n';
}

void DocxBody::inline_text(const pugi::xml_node& parent, std::string& text, int depth) {
  if (depth > kDepthMax) return;
  for (const pugi::xml_node& node : parent.children()) {
    const std::string_view name = local_name(node);
    if (is_removed(name)) continue;
    if (name == "AlternateContent") {
      inline_text(chosen(node), text, depth + 1);
    } else if (name == "r") {
      if (!is_hidden_run(node)) inline_text(node, text, depth + 1);
    } else {
      run_child(node, text, depth);
    }
  }
}

void DocxBody::run_child(const pugi::xml_node& node, std::string& text, int depth) {
  const std::string_view name = local_name(node);
  if (name == "t") {
    text += node.text().get();
  } else if (name == "tab" || name == "ptab") {
    text += '\t';
  } else if (name == "br" || name == "cr") {
    text += '\n';
  } else if (name == "noBreakHyphen") {
    text += '-';
  } else if (name == "footnoteReference") {
    footnotes_.emplace_back(attribute(node, "id"));
  } else if (name == "endnoteReference") {
    endnotes_.emplace_back(attribute(node, "id"));
  } else if (name == "txbxContent") {
    text_boxes_.push_back(node);
  } else if (!is_one_of(name, {"ruby", "rt", "docPart"})) {
    inline_text(node, text, depth + 1);
  } else if (name == "ruby") {
    inline_text(child(node, "rubyBase"), text, depth + 1);
  }
}

void DocxBody::flat_text(const pugi::xml_node& parent, std::string& text, int depth) {
  if (depth > kDepthMax) return;
  for (const pugi::xml_node& node : parent.children()) {
    const std::string_view name = local_name(node);
    if (is_removed(name)) continue;
    if (name != "p") {
      flat_text(name == "AlternateContent" ? chosen(node) : node, text, depth + 1);
      continue;
    }
    std::string line;
    const std::size_t box_count = text_boxes_.size();
    inline_text(node, line, depth + 1);
    std::replace(line.begin(), line.end(), '\n', ' ');
    text += line + ' ';
    while (text_boxes_.size() > box_count) {
      const pugi::xml_node box = text_boxes_.back();
      text_boxes_.pop_back();
      flat_text(box, text, depth + 1);
    }
  }
}

bool DocxBody::is_hidden_run(const pugi::xml_node& run) const {
  const pugi::xml_node properties = child(run, "rPr");
  if (const pugi::xml_node vanish = child(properties, "vanish")) {
    const std::string_view value = attribute(vanish, "val");
    return value != "0" && value != "false";
  }
  const std::string_view style = child_value(properties, "rStyle");
  return !style.empty() && styles_.is_hidden(style);
}

}  // namespace wenyuan::ingest
