// Where the words of a document stand on its pages.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "base/result.h"

namespace wenyuan {

// The box of a word, or of one CJK character: code points [char_start, char_end) of the text.
struct TextBox {
  std::int64_t char_start = 0;
  std::int64_t char_end = 0;
  Box box;
};

// The form in which the store keeps a document's layout. Boxes must be in text order; they are
// kept to a 1/65535 of the page.
std::string encode_layout(std::span<const TextBox> boxes);
Result<std::vector<TextBox>> decode_layout(std::string_view bytes);

// The boxes that cover [char_start, char_end): those of one line are joined, pages kept apart.
std::vector<Box> boxes_of(std::span<const TextBox> boxes, std::int64_t char_start,
                          std::int64_t char_end);

}  // namespace wenyuan
