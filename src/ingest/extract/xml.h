// Small helpers for XML parts of Office files.
#pragma once

#include <pugixml.hpp>

#include <string>
#include <string_view>

#include "base/result.h"

namespace wenyuan::ingest {

// corrupt for what is not well-formed; a document type declaration is refused, as Office never
// writes one.
Status load_xml(pugi::xml_document& document, const std::string& content);

// Names without their prefix: files may choose any.
std::string_view local_name(const pugi::xml_node& node);
pugi::xml_node child(const pugi::xml_node& node, std::string_view name);
std::string_view attribute(const pugi::xml_node& node, std::string_view name);
// The attribute `val` of the child `name`.
std::string_view child_value(const pugi::xml_node& node, std::string_view name);
// `fallback` for what is no number.
int to_number(std::string_view text, int fallback);

}  // namespace wenyuan::ingest
