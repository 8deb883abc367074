#include "ingest/extract/xml.h"

#include <charconv>

namespace wenyuan::ingest {
namespace {

std::string_view without_prefix(std::string_view name) {
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

}  // namespace

Status load_xml(pugi::xml_document& document, const std::string& content) {
  // White space between runs is text: xml:space is not always set where it should be.
  const unsigned flags = pugi::parse_default | pugi::parse_ws_pcdata_single | pugi::parse_doctype;
  const pugi::xml_parse_result result = document.load_buffer(content.data(), content.size(), flags);
  if (!result) return Error{ErrorCode::corrupt, "a part of the document is not XML"};
  for (const pugi::xml_node& node : document.children()) {
    if (node.type() == pugi::node_doctype) {
      return Error{ErrorCode::corrupt, "a part of the document has a document type declaration"};
    }
  }
  return Done{};
}

std::string_view local_name(const pugi::xml_node& node) { return without_prefix(node.name()); }

pugi::xml_node child(const pugi::xml_node& node, std::string_view name) {
  for (const pugi::xml_node& each : node.children()) {
    if (local_name(each) == name) return each;
  }
  return {};
}

std::string_view attribute(const pugi::xml_node& node, std::string_view name) {
  for (const pugi::xml_attribute& each : node.attributes()) {
    if (without_prefix(each.name()) == name) return each.value();
  }
  return {};
}

std::string_view child_value(const pugi::xml_node& node, std::string_view name) {
  return attribute(child(node, name), "val");
}

int to_number(std::string_view text, int fallback) {
  int value = fallback;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : fallback;
}

}  // namespace wenyuan::ingest
