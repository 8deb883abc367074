// Makes foreign text fit to be stored, searched and shown to a model.
#pragma once

#include <string>
#include <string_view>

namespace wenyuan::ingest {

enum class Spaces {
  collapse,  // any run of white space becomes one space; line breaks stay as single line breaks
  keep,      // for code
};

// Valid UTF-8 in NFC without control, zero-width, bidi and tag characters; ligatures and CJK
// radicals become the letters they stand for. Not trimmed.
std::string clean(std::string_view text, Spaces spaces);

// False when the first character would melt into one before it under NFC.
bool begins_own_character(std::string_view text);

// One line, trimmed, at most `size_max` bytes, cut between characters.
std::string clean_line(std::string_view text, std::size_t size_max);

}  // namespace wenyuan::ingest
